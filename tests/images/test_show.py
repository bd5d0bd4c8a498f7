"""Contact sheets of stored cutouts, in image types and sweeps of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from skyclass.catalog.build_catalog import build_catalog
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.renderer import render
from skyclass.images.show import show
from skyclass.images.stored_cutouts import open_cutouts, read_info


@pytest.fixture(scope="module")
def stored(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("show") / "cutouts"
    catalog = build_catalog(plain_survey / "catalog.csv", "spectral-class").table
    make_cutouts(catalog, plain_survey / "frames", folder, CutoutConfig(size=32))
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


def test_invalid_arguments(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="did you mean 'urz'"):
        show(stored, ["gri", "urzz"], tmp_path / "s.png")
    with pytest.raises(ImageError, match=r"s\.jpg must end with \.png"):
        show(stored, ["gri"], tmp_path / "s.jpg")
    with pytest.raises(ImageError, match="sdss-jpeg needs red, green, blue"):
        show(stored, ["sdss-jpeg"], tmp_path / "s.png")
    assert not list(tmp_path.iterdir())
