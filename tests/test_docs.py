"""Pages of the documentation that are made from the code."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_settings_is_that_of_the_code() -> None:
    made = runpy.run_path(str(DOCS / "settings.py"))["page"]()
    assert (DOCS / "settings.md").read_text() == made
    assert "## `[training]`" in made
    assert "Requests a second to one host; 0 sets no limit." in made
