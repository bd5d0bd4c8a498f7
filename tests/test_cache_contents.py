"""What a cache holds, and that clearing it removes entries and nothing else."""

import os
import time
from pathlib import Path

import pytest

from skyclass.cache import CACHE_NAME, CACHE_VARIABLE, Cache, CacheEntry, EntryKind
from skyclass.cache_contents import clear_entries, list_entries

DAY = 86400


def keep(root: Path, kind: EntryKind, key: str, size: int, *, days: float = 0) -> CacheEntry:
    with Cache(root).open_entry(kind, key, {"survey": "sdss", "objects": 7}) as entry:
        (entry.path / "value").write_bytes(bytes(size))
        entry.finish()
    then = time.time() - days * DAY
    os.utime(entry.path / "entry.json", (then, then))
    return entry


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / CACHE_NAME
    keep(root, "cutouts", "new", 30_000)
    keep(root, "cutouts", "old", 50_000, days=40)
    keep(root, "downloads", "frames", 70_000, days=20)
    return root


def test_entries_are_listed_with_what_made_them(root: Path) -> None:
    with Cache(root).open_entry("features", "half", {"network": "compact"}):
        pass
    contents = list_entries(root)
    assert [entry.key for entry in contents.entries] == ["new", "old", "frames", "half"]
    sizes = [sum(f.stat().st_size for f in root.glob(f"*/{e.key}/*")) for e in contents.entries]
    assert [entry.size for entry in contents.entries] == sizes
    assert contents.size == sum(sizes)
    lines = str(contents).splitlines()
    assert "survey sdss, objects 7" in lines[1]
    assert "30.1 kB" in lines[1]
    assert "network compact (unfinished)" in lines[4]
    assert lines[5].startswith(f"4 entries in {root}: 150.")
    assert [e.key for e in list_entries(root, older_than=30).entries] == ["old"]


def test_which_cache_is_meant(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    assert list_entries(tmp_path).folder == root
    monkeypatch.chdir(tmp_path)
    assert len(list_entries().entries) == 3
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "none"))
    assert str(list_entries()) == f"0 entries in {tmp_path / 'none'}: 0 bytes"
    assert not (tmp_path / "none").exists()


def test_entries_are_removed_and_nothing_else(root: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "value").write_text("mine")
    kept = [root / "notes.txt", root / "cutouts" / "notes.txt", root / "cutouts" / "own" / "value"]
    kept[2].parent.mkdir()
    for path in kept:
        path.write_text("mine")
    (root / "features").symlink_to(precious)
    (root / "cutouts" / "linked").symlink_to(precious)
    (root / "cutouts" / "new" / "inner").symlink_to(precious)
    cleared = clear_entries(root)
    assert (cleared.removed, cleared.in_use) == (3, 0)
    assert 150_000 < cleared.freed < 152_000
    assert all(path.read_text() == "mine" for path in [*kept, precious / "value"])
    assert sorted(path.name for path in (root / "cutouts").iterdir()) == [
        "linked",
        "notes.txt",
        "own",
    ]
    assert list_entries(root).entries == ()


def test_what_experiments_hold_too_is_not_called_free(root: Path, tmp_path: Path) -> None:
    os.link(root / "cutouts" / "old" / "value", tmp_path / "experiment")
    cleared = clear_entries(root, older_than=30)
    assert (cleared.removed, cleared.shared) == (1, 50_000)
    assert cleared.freed < 1000
    assert "50.0 kB more stay in the directories of experiments" in str(cleared)
    assert (tmp_path / "experiment").stat().st_size == 50_000


def test_what_is_in_use_stays(root: Path) -> None:
    with Cache(root).open_entry("cutouts", "old", {}):
        cleared = clear_entries(root)
    # the downloads may be what is being cut
    assert (cleared.removed, cleared.in_use) == (1, 2)
    assert str(cleared).endswith("2 in use were kept")
    assert {entry.key for entry in list_entries(root).entries} == {"old", "frames"}


def test_a_removal_that_broke_off_is_ended_by_the_next(root: Path) -> None:
    aside = root / "cutouts" / ".removed-01234567-old"
    (root / "cutouts" / "old").rename(aside)
    assert [entry.key for entry in list_entries(root).entries] == ["new", "frames"]
    clear_entries(root)
    assert not aside.exists()
