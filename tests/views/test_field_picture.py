"""A field with its sources ringed: as a picture, and as a page in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from skyclass.errors import InferenceError
from skyclass.evaluation.class_colours import CLASS_COLOURS, NO_CLASS
from skyclass.surveys.sdss.layout import find_fields
from skyclass.views.field_picture import draw_field
from skyclass.views.field_view import FieldView
from support.browser import playwright, start_browser, visit
from support.fields import find_positions
from views.classified import LABELS, make_table

HEIGHT = 1489
ROWS = [200.0, 700.0, 1200.0]
COLUMNS = np.linspace(300, 1700, len(ROWS))
COLOURS = (CLASS_COLOURS[0], CLASS_COLOURS[1], NO_CLASS)


@pytest.fixture(scope="module")
def frames(plain_survey: Path) -> Path:
    return plain_survey / "frames"


@pytest.fixture(scope="module")
def table(frames: Path) -> pd.DataFrame:
    """Three sources of the first field, and one on the other side of the sky."""
    ra, dec = find_positions(frames, next(iter(find_fields([frames]))), ROWS)
    return make_table(np.append(ra, (ra[0] + 180) % 360), np.append(dec, -dec[0]))


@pytest.fixture(scope="module")
def pictures(frames: Path, table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the first field, which is told from the second by the positions."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("field.png", "field.html"):
        draw_field(table, frames, folder / name)
    return folder


def test_each_source_is_ringed_in_the_colour_of_its_class(pictures: Path) -> None:
    picture = Image.open(pictures / "field.png").convert("RGB")
    for x, y, colour in zip(COLUMNS, ROWS, COLOURS, strict=True):
        middle = round(x), round(HEIGHT - 1 - y)
        around = picture.crop((middle[0] - 14, middle[1] - 14, middle[0] + 15, middle[1] + 15))
        rings = {each for _, each in around.getcolors(10_000)} & set(
            map(ImageColor.getrgb, COLOURS)
        )
        assert rings == {ImageColor.getrgb(colour)}
        ring = np.argwhere((np.asarray(around) == ImageColor.getrgb(colour)).all(axis=2))
        assert ring.mean(axis=0) == pytest.approx([14, 14], abs=0.7)
    legend = picture.crop((0, HEIGHT, *picture.size))
    assert set(map(ImageColor.getrgb, COLOURS)) <= {each for _, each in legend.getcolors(10_000)}


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with start_browser() as started:
        yield started


def test_the_page_says_what_is_below_the_pointer(
    browser: "playwright.Browser", pictures: Path, table: pd.DataFrame
) -> None:
    visited = visit(browser, pictures / "field.html", viewport={"width": 1300, "height": 1000})
    page = visited.page
    rings = page.locator("#sky circle")
    assert rings.count() == len(ROWS)
    assert not page.locator("#source").is_visible()
    rings.nth(1).hover()
    said = page.locator("#source").inner_text()
    assert "cool, 75.0 %" in said
    assert "flags: saturated:gr blended:u" in said
    assert f"RA {table['ra'][1]:.5f}°" in said
    assert f"r {table['psf_mag_r'][1]:.2f}" in said
    assert page.locator("#source .bars li").all_inner_texts() == ["hot\n25.0 %", "cool\n75.0 %"]
    rings.nth(2).focus()
    assert "off its frame" in page.locator("#source").inner_text()
    page.locator("#classes input").nth(1).uncheck()
    assert [ring.is_visible() for ring in rings.all()] == [True, False, True]
    assert "Simulated data" in page.inner_text("body")
    assert visited.messages == []
    assert visited.asked == []
    page.context.close()


def test_the_page_can_be_used_without_sight(browser: "playwright.Browser", pictures: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for scheme in ("light", "dark"):
        visited = visit(browser, pictures / "field.html", color_scheme=scheme)
        visited.page.locator("#sky circle").nth(0).focus()
        results = axe.Axe().run(visited.page)
        assert results.violations_count == 0, results.generate_report()
        visited.page.context.close()


def test_counts_include_sources_without_a_class() -> None:
    view = FieldView(
        "field",
        np.zeros((2, 2, 3), np.uint8),
        pd.DataFrame(),
        np.zeros(3),
        np.zeros(3),
        LABELS,
        np.array([1, 1, -1]),
        True,
    )
    assert view.count_classes() == {"hot": 0, "cool": 2, "no class": 1}


def test_wrong_input_leaves_nothing_behind(
    frames: Path, table: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(InferenceError, match=r"must end with \.png .* or \.html"):
        draw_field(table, frames, tmp_path / "a.jpg")
    far = table.assign(ra=(table["ra"] + 90) % 360)
    with pytest.raises(InferenceError, match="no source of the table lies on one of the 2 fields"):
        draw_field(far, frames, tmp_path / "a.png")
    fields = list(find_fields([frames]))
    places = [find_positions(frames, field, [700.0]) for field in fields]
    both = make_table(*np.concatenate(places, axis=1))
    with pytest.raises(InferenceError, match=r"lie on 2 fields .*a picture shows one"):
        draw_field(both, frames, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
