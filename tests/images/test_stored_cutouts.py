"""Stored cutouts: what is refused, and what is shown of them."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import FORMAT, INFO_NAME, open_cutouts, read_info

RULES = CutoutConfig(size=16)


@pytest.fixture(scope="module")
def stored(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stored") / "cutouts"
    make_cutouts(make_catalog(plain_survey), plain_survey / "frames", out, RULES)
    return out


def make_catalog(survey: Path):
    return build_catalog(survey / "catalog.csv", "spectral-class").table


def write_info(folder: Path, **changes: object) -> None:
    """Write a description with some keys changed, None for one that is left out."""
    values = {
        "format": FORMAT,
        "fingerprint": "f",
        "size": 16,
        "bands": ["g", "r"],
        "labels": ["a"],
        "fields": 1,
        "off_frame": 0,
        "missing": 0,
        "simulated": True,
    }
    values = {key: value for key, value in {**values, **changes}.items() if value is not None}
    folder.mkdir(exist_ok=True)
    (folder / INFO_NAME).write_text(json.dumps(values))


def test_the_format_is_stored_and_read(stored: Path) -> None:
    assert json.loads((stored / INFO_NAME).read_text())["format"] == FORMAT
    assert read_info(stored).format == FORMAT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": None}, "holds cutouts of an earlier format, not format 1; make them again"),
        ({"format": 7}, r"holds cutouts of format 7, not format 1; make them again with make_cut"),
        ({"size": "wide"}, r"skyclass\.json: size must be a whole number, got 'wide'"),
        ({"bands": None}, r"skyclass\.json: the key 'bands' is missing"),
        ({"colour": 1}, r"skyclass\.json: unknown key 'colour'"),
    ],
)
def test_a_description_that_does_not_fit(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write_info(tmp_path / "c", **changes)
    with pytest.raises(ImageError, match=message) as caught:
        open_cutouts(tmp_path / "c")
    assert "\n" not in str(caught.value)


def test_folders_without_cutouts(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="holds no cutouts made by skyclass"):
        open_cutouts(tmp_path)
    (tmp_path / INFO_NAME).write_text("{")
    with pytest.raises(ImageError, match=r"skyclass\.json is not valid JSON"):
        open_cutouts(tmp_path)


def test_an_earlier_format_is_replaced_when_asked_for(plain_survey: Path, tmp_path: Path) -> None:
    out, catalog = tmp_path / "cutouts", make_catalog(plain_survey)
    write_info(out, format=None)
    with pytest.raises(ImageError, match="an earlier format"):
        make_cutouts(catalog, plain_survey / "frames", out, RULES)
    info = make_cutouts(catalog, plain_survey / "frames", out, RULES, replace=True)
    assert read_info(out) == info


def test_splits_by_name(stored: Path) -> None:
    cutouts = open_cutouts(stored)
    assert list(cutouts) == ["train", "validation", "test"]
    assert cutouts["test"] is cutouts["test"]
    assert len(cutouts["test"]) == cutouts.counts["test"].sum()
    assert cutouts.counts.index.tolist() == list(cutouts.info.labels)
    with pytest.raises(ImageError, match=r"no split 'tets' of cutouts \(it has train, valid"):
        cutouts["tets"]


def test_a_line_says_what_is_stored(stored: Path) -> None:
    cutouts = open_cutouts(stored)
    count = len(cutouts["validation"])
    line = repr(cutouts)
    assert len(line.splitlines()) == 1
    assert f"validation {count}" in line
    assert "16 x 16 pixels in u, g, r, i, z; simulated" in line
    assert repr(cutouts["validation"]) == f"<CutoutSplit: {count} cutouts of 5 x 16 x 16>"


def test_a_notebook_shows_counts_and_pictures(stored: Path) -> None:
    cutouts = open_cutouts(stored)
    page = cutouts._repr_html_()
    assert f"{cutouts.counts.to_numpy().sum()} cutouts of 16 × 16 pixels" in page
    encoded = re.findall(r'src="data:image/png;base64,([^"]+)" alt="(\w+)"', page)
    labels = cutouts.info.labels
    present = {labels[code] for code in np.unique(cutouts["train"].label)}
    # every class before any has its second
    assert {label for _, label in encoded[: len(present)]} == present
    assert len(encoded) == 12
    for data, _ in encoded:
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (16, 16)
    for split, counts in cutouts.counts.items():
        assert f"<th>{split}</th>" in page
        assert all(f"<td>{count}</td>" in page for count in counts)
