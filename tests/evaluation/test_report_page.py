"""The report in a real browser: what a click shows, what it copies, whom it shuts out."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.finished import make_experiment
from skyclass.evaluation.predictions import read_predictions
from skyclass.evaluation.report.page import write_report
from support.browser import Visit, playwright, start_browser
from support.browser import visit as open_page

LABELS = ("O", "B", "A", "F", "G", "K", "M")
HOSTILE = "<img src=x onerror=alert(1)>"
# one class with three-digit counts, as a phone must show them
LABEL = np.repeat(np.arange(7), [20, 190, 20, 15, 15, 10, 10])


class Report(Visit):
    """A report."""

    def ids(self) -> list[str]:
        """List all objects, and give their ids."""
        more = self.page.locator("#more")
        while more.is_visible():
            more.click()
        return self.page.locator("#list .name").all_text_contents()

    def choose(self, name: str, label: str) -> None:
        self.page.locator(f"#filters [name={name}]").select_option(label=label)


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with start_browser() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("experiment")
    with pytest.MonkeyPatch.context() as patch:
        make_experiment(made, patch, label=LABEL, labels=LABELS, simulated=False)
        write_report(made)
    return made


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    """Give the predictions, the surest first."""
    predictions = read_predictions(folder / "predictions.parquet")
    surest = predictions[[f"p_{label}" for label in LABELS]].max(axis=1)
    return predictions.loc[surest.sort_values(ascending=False, kind="stable").index]


def visit(browser: "playwright.Browser", report: Path, **options: object) -> Report:
    return open_page(browser, report, kind=Report, **options)


@pytest.fixture
def opened(browser: "playwright.Browser", folder: Path) -> Iterator[Report]:
    visited = visit(browser, folder / "report.html")
    yield visited
    visited.page.context.close()
    assert visited.messages == []
    assert visited.asked == []


def draw_all(page: "playwright.Page") -> int:
    """Look at every chart, and give their number."""
    plots = page.locator(".plot")
    for number in range(plots.count()):
        plots.nth(number).scroll_into_view_if_needed()
        plots.nth(number).locator(".main-svg").first.wait_for()
    return plots.count()


def test_begins_with_the_surest_mistakes(opened: Report, table: pd.DataFrame) -> None:
    wrong = table[table["label"] != table["predicted"]]
    assert (
        opened.page.locator("#summary").inner_text() == f"{len(wrong)} objects (wrong predictions)"
    )
    assert opened.ids() == wrong["objid"].tolist()


def test_a_cell_shows_its_objects(opened: Report, table: pd.DataFrame) -> None:
    counts = table.groupby(["label", "predicted"]).size()
    for label, predicted in (
        counts.idxmax(),
        counts[counts.index.map(lambda c: c[0] != c[1])].idxmax(),
    ):
        expected = table[(table["label"] == label) & (table["predicted"] == predicted)]
        name = f"{len(expected)} true {label} predicted as {predicted}: show them"
        cell = opened.page.get_by_role("button", name=name, exact=True)
        cell.click()
        assert opened.ids() == expected["objid"].tolist()
        assert cell.get_attribute("aria-pressed") == "true"
        assert opened.page.locator("[aria-pressed=true]").count() == 1
        first = opened.page.locator("#list li.object").first
        row = expected.iloc[0]
        text = first.inner_text()
        assert f"{label} → {predicted}" in text
        assert f"RA {round(row['ra'], 6):.5f}°" in text
        assert f"Dec {round(row['dec'], 6):+.5f}°".replace("-", "−") in text
        assert f"{100 * row['p_' + predicted]:.1f} %" in text
        if np.isfinite(row["magnitude_r"]):
            assert f"r {row['magnitude_r']:.2f}" in text
        links = first.locator("a").evaluate_all("all => all.map((a) => a.host)")
        assert links == ["skyserver.sdss.org", "aladin.cds.unistra.fr"]


def test_the_pictures_are_of_the_objects(opened: Report, folder: Path) -> None:
    opened.page.locator("#all").click()
    opened.ids()
    places = opened.page.locator("#list li.object").evaluate_all(
        "all => all.map((one) => [Number(one.dataset.place),"
        " one.querySelector('.thumb').style.getPropertyValue('--x'),"
        " one.querySelector('.thumb').style.getPropertyValue('--y')])"
    )
    assert len(places) == len(LABEL)
    text = (folder / "report.html").read_text(encoding="utf-8")
    columns = int(re.search(r"--columns: (\d+)", text)[1])
    assert all(int(y) * columns + int(x) == place for place, x, y in places)


def test_a_cell_can_be_chosen_with_the_keyboard(opened: Report, table: pd.DataFrame) -> None:
    cell = opened.page.locator(".matrix button").first
    cell.focus()
    opened.page.keyboard.press("Enter")
    row, column = (int(cell.get_attribute(f"data-{name}")) for name in ("label", "predicted"))
    here = (table["label"] == LABELS[row]) & (table["predicted"] == LABELS[column])
    assert opened.ids() == table["objid"][here].tolist()
    assert opened.page.evaluate("document.activeElement.id") == "summary" or here.sum() > 12


def test_filters_work_together(opened: Report, table: pd.DataFrame) -> None:
    opened.choose("label", "B")
    opened.choose("outcome", "correct")
    opened.page.locator("[name=from]").fill("16.5")
    opened.page.locator("[name=to]").fill("18.25")
    r = table["magnitude_r"].round(2)
    expected = table[(table["label"] == "B") & (table["predicted"] == "B") & r.between(16.5, 18.25)]
    assert 10 < len(expected) < 120
    assert opened.ids() == expected["objid"].tolist()
    opened.page.locator("#all").click()
    assert opened.ids() == table["objid"].tolist()


@pytest.mark.parametrize(
    ("order", "column", "ascending"),
    [
        ("least confident first", None, True),
        ("brightest in r first", "magnitude_r", True),
        ("faintest in r first", "magnitude_r", False),
        ("right ascension", "ra", True),
    ],
)
def test_orders(
    opened: Report, table: pd.DataFrame, order: str, column: str | None, ascending: bool
) -> None:
    opened.page.locator("#all").click()
    opened.choose("order", order)
    if column is None:
        expected = table[::-1]
    else:
        rounded = table.assign(key=table[column].round(2 if column != "ra" else 6))
        expected = rounded.sort_values("key", ascending=ascending, kind="stable")
    assert opened.ids() == expected["objid"].tolist()


def test_copies_the_ids_and_the_experiment_file(
    opened: Report, folder: Path, table: pd.DataFrame
) -> None:
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.choose("label", "B")
    opened.choose("outcome", "correct or wrong")
    opened.page.locator("#copy").click()
    expected = table["objid"][table["label"] == "B"].tolist()
    opened.page.get_by_text(f"{len(expected)} ids copied").wait_for()
    assert opened.page.evaluate("navigator.clipboard.readText()").split("\n") == expected
    opened.page.locator("#copy-toml").click()
    opened.page.get_by_text("Copied", exact=True).wait_for()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == (folder / "experiment.toml").read_text().strip()


def test_copies_on_an_insecure_page_too(opened: Report, table: pd.DataFrame) -> None:
    opened.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "document.addEventListener('copy', () => { window.copied = document.activeElement.value; })"
    )
    opened.page.locator("#copy").click()
    expected = table["objid"][table["label"] != table["predicted"]].tolist()
    assert opened.page.evaluate("window.copied").split("\n") == expected


def test_a_point_of_a_chart_shows_its_object(opened: Report, table: pd.DataFrame) -> None:
    opened.page.locator("#feature-map").scroll_into_view_if_needed()
    opened.page.locator("#feature-map .main-svg").first.wait_for()
    opened.page.evaluate(
        "document.getElementById('feature-map').emit('plotly_click', {points: [{customdata: 5}]})"
    )
    assert opened.ids() == [table["objid"].iloc[5]]
    assert "chosen in a chart" in opened.page.locator("#summary").inner_text()


def test_all_charts_are_drawn(opened: Report) -> None:
    assert draw_all(opened.page) == 11


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser: "playwright.Browser", folder: Path, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    visited = visit(browser, folder / "report.html", color_scheme=scheme)
    draw_all(visited.page)
    visited.page.locator("details").evaluate_all(
        "all => all.forEach((one) => { one.open = true; })"
    )
    results = axe.Axe().run(visited.page)
    report = results.generate_report()
    visited.page.context.close()
    assert results.violations_count == 0, report


def test_a_phone_shows_everything(browser: "playwright.Browser", folder: Path) -> None:
    visited = visit(browser, folder / "report.html", viewport={"width": 390, "height": 844})
    draw_all(visited.page)
    width = visited.page.evaluate("document.documentElement.scrollWidth")
    wide = visited.page.locator(".plot .main-svg").evaluate_all(
        "all => all.filter((one) => one.getBoundingClientRect().right > innerWidth).length"
    )
    # the lines that the counts of a matrix take, and whether any is cut off
    cells = visited.page.locator(".matrix button").evaluate_all(
        "all => all.map((one) => { const range = document.createRange();"
        " range.selectNodeContents(one);"
        " return [one.textContent, range.getClientRects().length,"
        " range.getBoundingClientRect().width <= one.clientWidth]; })"
    )
    visited.page.context.close()
    assert width == 390
    assert wide == 0
    assert max(len(text) for text, _, _ in cells) == 3
    assert {(lines, fits) for _, lines, fits in cells} == {(1, True)}


def test_words_of_a_catalogue_stay_words(
    browser: "playwright.Browser", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("star", HOSTILE, "quasar")
    make_experiment(tmp_path, monkeypatch, label=np.arange(30) % 3, labels=labels, objid=HOSTILE)
    visited = visit(browser, write_report(tmp_path))
    draw_all(visited.page)
    visited.page.locator("#all").click()
    text = visited.page.locator("#list").inner_text()
    images = visited.page.locator("img[src=x]").count()
    visited.page.context.close()
    assert HOSTILE in text
    assert images == 0
    assert visited.messages == []
    assert visited.asked == []


def test_paper_has_no_dark_page_and_no_controls(
    browser: "playwright.Browser", folder: Path
) -> None:
    visited = visit(browser, folder / "report.html", color_scheme="dark")
    visited.page.emulate_media(media="print")
    visited.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    colour = visited.page.evaluate("getComputedStyle(document.body).backgroundColor")
    drawn = visited.page.locator(".plot .main-svg:first-child").count()
    widths = visited.page.locator(".plot .main-svg:first-child").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().width)"
    )
    hidden = not visited.page.locator("#filters").is_visible()
    visited.page.context.close()
    assert colour == "rgb(255, 255, 255)"
    assert hidden
    assert drawn == len(widths) == 11
    assert max(widths) <= 680
