"""Who knows SDSS: beside its own rooms, a handful of files only."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "skyclass"
PATTERN = r'surveys\.sdss|"[^"]*(ugriz|griuz)|"u", "g"'
"""Imports of the survey, and texts that spell its bands; the same as in docs/architecture.md."""

OWN = ("surveys/sdss/", "simulation/", "mock_archive/", "models/presets.py", "studies/data/")


def test_few_files_know_sdss() -> None:
    known = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        if not name.startswith(OWN) and any(re.search(PATTERN, line) for line in lines):
            known.append(name)
    assert known == [
        "cli/image_commands.py",
        "config/sections.py",
        "images/legacy_types.py",
        "images/registry.py",
        "surveys/registry.py",
    ]


def test_the_documented_count_is_this_one() -> None:
    page = SOURCE.parents[1] / "docs" / "architecture.md"
    text = page.read_text(encoding="utf-8")
    assert f"grep -rlE '{PATTERN}' src/skyclass --include='*.py'" in text
    assert f"grep -vE '{'|'.join(OWN)}'" in text


def test_frames_and_transfer_know_no_survey() -> None:
    for room in ("frames", "transfer"):
        for path in (SOURCE / room).glob("*.py"):
            assert "skyclass.surveys" not in path.read_text(encoding="utf-8"), path
