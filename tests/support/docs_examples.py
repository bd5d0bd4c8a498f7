"""Code blocks of the documentation, for tests that run them."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def read_example(page: str, section: str) -> str:
    """Read the first block of Python below a heading of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    _, _, below = text.partition(f"\n## {section}\n")
    block = re.search(r"```python\n(.*?)```", below, re.DOTALL)
    assert block, f"{page} has no example below {section!r}"
    return block.group(1)
