"""Sheets of pictures, and sweeps of image types."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from images.sky import star
from skyclass.catalog.build_catalog import build_catalog
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.images.contact_sheet import draw_sheet
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.images.show import show
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.images.sweep import expand_sweep, rank_image_types


@pytest.fixture(scope="module")
def stored(small_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("show") / "cutouts"
    catalog = build_catalog(small_survey / "catalog.csv", "spectral-class").table
    make_cutouts(catalog, small_survey / "frames", folder, CutoutConfig(size=32))
    return folder


def test_a_sheet_holds_the_pictures_themselves(stored: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert show(stored, ["gri", "ugriz"], out, per_class=1, seed=3) is None
    sheet = np.asarray(Image.open(out))
    test = open_cutouts(stored)["train"]
    order = np.random.default_rng(3).permutation(len(test))
    for code in range(len(read_info(stored).labels)):
        row = order[test.label[order] == code][:1]
        picture = render(test.take(row), "gri")[0, ::-1].repeat(4, 0).repeat(4, 1)
        assert contains(sheet, picture)


def contains(sheet: np.ndarray, picture: np.ndarray) -> bool:
    """Look for a picture in a sheet by its first row of pixels."""
    height, width = picture.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(sheet[: -height + 1], width, axis=1)
    same = (windows == picture[0].T).all((2, 3))
    corners = np.argwhere(same)
    return any(np.array_equal(sheet[y : y + height, x : x + width], picture) for y, x in corners)


def test_sheets_grow_with_rows_and_blocks() -> None:
    pictures = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    one = draw_sheet(["a"], ["x"], [[pictures]], tile=16)
    more = draw_sheet(["a", "b"], ["x", "x"], [[pictures, pictures]] * 2, tile=16)
    assert more.height - one.height == 19
    assert more.width - one.width == 2 * 16 + 3 + 16
    with_gaps = draw_sheet(["a"], ["x", "y"], [[pictures], [pictures[:0]]], tile=16)
    assert with_gaps.height == more.height


def test_a_sweep_is_every_combination() -> None:
    names = expand_sweep("lupton:irg", ["q=2,8,20", "stretch=0.01,0.02,0.1"])
    assert len(set(names)) == 9
    assert names[0] == "lupton:irg:q=2:stretch=0.01"
    assert expand_sweep("gri", ["q=2"]) == ["percentile:gri:q=2"]
    assert expand_sweep("lupton:irg:q=3:minimum=0.1", ["q=2"]) == ["lupton:irg:minimum=0.1:q=2"]
    mappings = expand_sweep("lupton", ["mapping=all"])
    assert len({get_image_type(name).bands for name in mappings}) == 60
    assert expand_sweep("lupton:irg", ["mapping=gri,zru", "q=2"])[1] == "lupton:zru:q=2"


@pytest.mark.parametrize(
    ("name", "axis", "message"),
    [
        ("lupton:irg", "strech=2", "did you mean 'stretch'"),
        ("lupton:irg", "q", "sweep 'q' has no values"),
        ("lupton:irg", "q=2,,3", "write it like 'q=2,8,20'"),
        ("gri+urz", "q=2", "has no parameters to sweep"),
    ],
)
def test_a_sweep_that_cannot_be(name: str, axis: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        expand_sweep(name, [axis])


def classes(n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stars of two classes that differ in colour alone."""
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    colours = np.array([[1, 1, 1, 1, 1], [1, 2, 4, 6, 8]])[labels][..., None, None]
    flux = 10 ** rng.uniform(1, 2, (n, 1, 1, 1)) * star((0, 0))
    images = colours * (flux + rng.normal(0, 0.02, (n, 5, 64, 64)))
    return images.astype(np.float32), np.zeros((n, 5, 2), dtype=np.float32), labels


def test_types_that_keep_colour_rank_above_those_that_do_not() -> None:
    table = rank_image_types(["gri", "lupton:irg", "lupton:irg:minimum=100"], *classes())
    assert table["image_type"].tolist()[0] == "lupton:irg"
    ranked = table.set_index("image_type")
    assert ranked.loc["lupton:irg", "separation"] > 0.95
    assert ranked.loc["gri", "separation"] < 0.8
    # too high a black point leaves nothing to see
    assert ranked.loc["lupton:irg:minimum=100", "visible"] == 0
    np.testing.assert_allclose(ranked["score"], ranked["visible"] * ranked["separation"])


def test_ranking_needs_classes() -> None:
    flux, offset, labels = classes(6)
    with pytest.raises(ImageError, match="must hold two classes of at least two objects"):
        rank_image_types(["gri"], flux, offset, 0 * labels)
    with pytest.raises(ImageError, match="at least 20 pixels a side to rank image types, got 12"):
        rank_image_types(["gri"], flux[..., :12, :12], offset, labels)


def test_bands_are_registered_as_each_type_says() -> None:
    flux, _, labels = classes(12)
    offset = np.random.default_rng(2).uniform(-0.5, 0.5, (12, 5, 2)).astype(np.float32)
    steps: list[tuple[object, ...]] = []
    table = rank_image_types(
        ["gri", "lupton:irg"], flux, offset, labels, progress=lambda *step: steps.append(step)
    )
    assert steps == [("image types", 1, 2), ("image types", 2, 2)]
    assert table.index.tolist() == [1, 2]
    y, x = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(y, x)
    for name, given in (("gri", None), ("lupton:irg", offset)):
        grey = render(flux, name, offset=given) / 255 @ [0.299, 0.587, 0.114]
        sky = grey[:, distance > 10]
        contrast = grey[:, distance < 3].mean(1) - sky.mean(1)
        seen = np.clip(contrast / (sky.std(1, ddof=1) + 1 / 255) / 5, 0, 1).mean()
        found = table.set_index("image_type").loc[name, "visible"]
        assert found == pytest.approx(seen, abs=0.01)


def test_a_sweep_is_drawn_in_order_of_rank(stored: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    typed = ["show", "--cutouts", str(stored), "--out", str(out), "--sweep"]
    swept = CliRunner().invoke(app, [*typed, "q=2,8", "stretch=0.1,0.5"])
    assert swept.exit_code == 0, swept.output
    rows = [line.split() for line in swept.stdout.splitlines()[1:-1]]
    names = {f"lupton:irg:q={q}:stretch={s}" for q in (2, 8) for s in (0.1, 0.5)}
    assert {row[1] for row in rows} == names
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    scores = [float(row[-1]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert Image.open(out).height > 4 * 64


def test_what_cannot_be_shown(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="did you mean 'urz'"):
        show(stored, ["gri", "urzz"], tmp_path / "s.png")
    with pytest.raises(ImageError, match=r"s\.jpg must end with \.png"):
        show(stored, ["gri"], tmp_path / "s.jpg")
    with pytest.raises(ImageError, match="sdss-jpeg needs red, green, blue"):
        show(stored, ["sdss-jpeg"], tmp_path / "s.png")
    assert not list(tmp_path.iterdir())
