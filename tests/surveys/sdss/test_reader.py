"""Frames of a field that do not fit together, or are not what their names say; links."""

import shutil
from pathlib import Path

import pytest

from skyclass.errors import ImageError, SkyclassError
from skyclass.surveys.sdss.layout import Field, find_fields, find_frame, make_frame_path
from skyclass.surveys.sdss.reader import open_field
from support.fields import copy_field


def test_a_frame_of_another_size(pair, tmp_path: Path) -> None:
    frames, first, _ = pair

    def change(unit) -> None:
        unit.data = unit.data[:, :1000]

    folder = copy_field(frames, first, tmp_path / "f", change)
    with pytest.raises(SkyclassError, match="differ in size; download them again"):
        open_field(folder, first)


def test_a_frame_of_another_field_under_this_name(pair, tmp_path: Path) -> None:
    frames, first, second = pair
    folder = copy_field(frames, first, tmp_path / "f")
    shutil.copy(find_frame(frames, second, "g"), find_frame(folder, first, "g"))
    with pytest.raises(ImageError, match=f"should have FRAME {first.field + 8}, its header says"):
        open_field(folder, first)


def test_real_frames_are_what_their_names_say(real_data: Path) -> None:
    fields = find_fields([real_data / "sdss/frames"])
    assert len(fields) == 6
    for field, folder in fields.items():
        assert len(open_field(folder, field, lambda _wcs, _shape: 0)) == 5


def test_links_to_folders_and_files_are_followed(pair, tmp_path: Path) -> None:
    frames, first, _ = pair
    store = copy_field(frames, first, tmp_path / "store")
    field = Field(301, *first.key[1:])
    links = tmp_path / "links"
    links.mkdir()
    (links / "deeper").symlink_to(store)
    (store / "back").symlink_to(links)  # a loop ends
    assert find_fields([links]) == {field: links / "deeper"}
    files = tmp_path / "files"
    for band in "ugriz":
        path = files / make_frame_path(field, band).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(find_frame(store, first, band))
    assert [frame.band for frame in open_field(files, field)] == list("ugriz")
