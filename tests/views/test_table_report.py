"""The report of a table says what the table says; its page is drawn in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skyclass
from skyclass.errors import InferenceError, StudyError
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import TableMetadata
from skyclass.surveys.sdss.layout import find_fields
from skyclass.views.classified_table import measure_magnitudes
from skyclass.views.table_counts import count_flags, count_reasons
from support.browser import Visit, start_browser, visit
from support.fields import find_positions
from views.classified import make_table

ROWS = np.linspace(100, 1380, 24).tolist()
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def frames(plain_survey: Path) -> Path:
    return plain_survey / "frames"


@pytest.fixture(scope="module")
def table(frames: Path) -> pd.DataFrame:
    ra, dec = find_positions(frames, next(iter(find_fields([frames]))), ROWS)
    table = make_table(ra, dec)
    colours = {
        band: table["psf_mag_r"] + shift for band, shift in zip("ugiz", (2, 1, -1, -2), strict=True)
    }
    for band, values in colours.items():
        table.insert(2, f"psf_mag_{band}", values)
    return table.assign(
        ood=np.linspace(0, 1, len(ra)), reason=table["reason"].replace("off its frame", HOSTILE)
    )


@pytest.fixture(scope="module")
def page(table: pd.DataFrame, frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "classes.fits"
    write_table(table, file)
    return skyclass.report(file, frames=frames)


@pytest.fixture(scope="module")
def opened(page: Path) -> Iterator[Visit]:
    with start_browser() as browser:
        yield visit(browser, page)


def test_the_page_lies_beside_the_table(page: Path) -> None:
    assert page.name == "classes-report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == [page.name, "classes.fits"]


def test_the_counts_are_those_of_the_table(opened: Visit, table: pd.DataFrame) -> None:
    rows = opened.page.locator("#classes table").nth(0).locator("tbody tr").all_inner_texts()
    counts = {name: int(count) for name, count, *_ in (row.split() for row in rows)}
    assert counts == table["class"].value_counts().to_dict()
    flags = opened.page.locator("#classes table").nth(1).locator("tbody tr").all_inner_texts()
    assert [row.split()[:2] for row in flags] == [["saturated", "12"], ["blended", "12"]]
    assert HOSTILE in opened.page.locator("#classes table").nth(2).inner_text()


def test_every_chart_is_drawn(opened: Visit, page: Path) -> None:
    boxes = opened.page.locator(".plot")
    for box in boxes.all():
        box.scroll_into_view_if_needed()
        box.locator("svg.main-svg").first.wait_for()
    text = re.search(r'id="chart-data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert text is not None
    charts = json.loads(text[1])
    assert set(charts) == {
        *("colours-0", "colours-1", "magnitudes", "probabilities", "ood", "sky-map")
    }
    assert boxes.count() == len(charts)
    drawn = sum(sum(trace["y"]) for trace in charts["magnitudes"]["data"])
    assert drawn == len(ROWS)


def test_the_sources_are_shown_with_their_pictures(opened: Visit, table: pd.DataFrame) -> None:
    groups = dict(
        zip(
            opened.page.locator("#sources h3").all_inner_texts(),
            opened.page.locator("#sources .strip").all(),
            strict=True,
        )
    )
    assert list(groups) == ["The surest", "The strangest", "Class hot", "Class cool"]
    assert all(strip.locator(".thumb").count() == 8 for strip in groups.values())
    stranger = table["ood"].nlargest(8)
    said = groups["The strangest"].locator("li").all_inner_texts()
    assert [float(re.search(r"ood ([\d.]+)", text)[1]) for text in said] == pytest.approx(
        stranger.tolist(), abs=1e-3
    )


def test_the_page_asks_for_nothing_and_runs_no_text(opened: Visit) -> None:
    assert opened.messages == []
    assert opened.asked == []


def test_the_page_can_be_used_without_sight(opened: Visit) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    results = axe.Axe().run(opened.page)
    assert results.violations_count == 0, results.generate_report()


def test_a_sparse_table_has_a_report(tmp_path: Path) -> None:
    columns = {"ra": [1.0, 2.0], "dec": [3.0, 4.0], "class": ["a", "b"], "probability": [0.9, 0.8]}
    file = tmp_path / "t.csv"
    pd.DataFrame({**columns, "p_a": [0.9, 0.2], "p_b": [0.1, 0.8]}).to_csv(file, index=False)
    text = skyclass.report(file).read_text()
    assert "no frames were named" in text
    assert 'id="colours-0"' not in text


def test_a_hats_catalogue_has_a_report(table: pd.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("lsdb", reason="lsdb is not installed")
    write_table(table, tmp_path / "t.hats")
    page = skyclass.report(tmp_path / "t.hats")
    assert page == tmp_path / "t-report.html"
    assert f"{len(table)} sources</h1>" in page.read_text()
    assert "_healpix" not in page.read_text()


@pytest.mark.parametrize("simulated", [True, False])
def test_the_page_says_what_classified_and_what_that_learnt_from(
    table: pd.DataFrame, tmp_path: Path, simulated: bool
) -> None:
    metadata = TableMetadata("models/mine", "0.1", "sdss", "t", ("F", "M"), simulated)
    write_table(table, tmp_path / "t.parquet", metadata)
    page = skyclass.report(tmp_path / "t.parquet").read_text()
    assert "models/mine" in page
    assert ("Trained on simulated data" in page) == simulated


def test_what_is_no_classified_table_is_refused(tmp_path: Path, table: pd.DataFrame) -> None:
    table.drop(columns="class").to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InferenceError, match="no column class: it is not one that classify"):
        skyclass.report(tmp_path / "a.csv")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(InferenceError, match="its suffix is one of"):
        skyclass.report(tmp_path / "a.txt")
    (tmp_path / "study").mkdir()
    with pytest.raises(StudyError, match="frames are shown in the report of a table only"):
        skyclass.report(tmp_path / "study", frames=tmp_path)
    assert not list(tmp_path.glob("*.html"))


def test_words_are_counted_by_band() -> None:
    table = pd.DataFrame({"flags": ["edge:u", None, "", "edge:ug blended:r"]})
    edge, blended = count_flags(table)
    assert (edge.name, edge.count, edge.bands) == ("edge", 2, {"u": 2, "g": 1})
    assert (blended.count, blended.share, blended.bands) == (1, 0.25, {"r": 1})
    assert count_reasons(pd.DataFrame({"reason": ["", "x", None, "x"]})) == {"x": 2}


def test_magnitudes_are_those_of_psf_fluxes_else_of_apertures() -> None:
    fluxes = pd.DataFrame({"flux_g": [100.0, -1.0], "flux_r": [1.0, 10.0]})
    magnitudes = measure_magnitudes(fluxes)
    assert magnitudes["g"].tolist() == pytest.approx([17.5, np.nan], nan_ok=True)
    assert magnitudes["r"].tolist() == [22.5, 20.0]
    better = fluxes.assign(psf_mag_g=[17.0, 18.0], psf_mag_err_g=0.1)
    assert measure_magnitudes(better).to_dict("list") == {"g": [17.0, 18.0]}
