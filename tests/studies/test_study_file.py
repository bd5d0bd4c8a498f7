"""The two studies that come with skyclass: their grids, and the published figures."""

import csv

import pytest

from skyclass.studies.cells import list_pixel_sources, make_cells
from skyclass.studies.study_file import read_study, shipped_studies


def test_shipped_studies_are_the_published_grids() -> None:
    assert shipped_studies() == ("manual", "thesis")
    thesis, base = read_study("thesis")
    fixed = {"catalog": {"path": str(base / "thesis.csv")}}
    cells = make_cells(thesis, base, scale=0.1, fixed=fixed)
    assert len(cells) == 12
    assert {c.source for c in cells} == {"frames", "sdss-jpeg"}
    assert [c.config.sample.data_set for c in make_cells(thesis, base)[::4]] == [
        f"thesis-{number}" for number in (1, 2, 3)
    ]
    counts = cells[4].config.sample.counts
    # section 4.1.3 of the thesis: stars of each class among all that its query gave
    parent = dict(zip("OBGAKMF", (3601, 11734, 84869, 102686, 167869, 184638, 382311), strict=True))
    for label, number in counts.items():
        assert number == pytest.approx(4220 * parent[label] / sum(parent.values()), abs=0.6)
    manual, base = read_study("manual")
    assert len(make_cells(manual, base, scale=0.1, fixed=fixed)) == 18
    real = make_cells(manual, base)
    assert real[0].config.sample.total == 100_000
    assert set(list_pixel_sources(real)) == {"frames", "ps1-jpeg", "sdss-jpeg-wide"}


def test_published_figures_are_consistent() -> None:
    _, base = read_study("thesis")
    with (base / "thesis.csv").open() as file:
        rows = list(csv.DictReader(file))
    # with weights that are the shares of the classes, recall is accuracy
    for cell in {(r["data_set"], r["image_type"]) for r in rows}:
        own = [r for r in rows if (r["data_set"], r["image_type"]) == cell]
        total = {r["measure"]: float(r["value"]) for r in own if not r["class"]}
        assert total["accuracy"] == total["recall_weighted"]
        assert len(own) == 4 + 21
    with (base / "manual.csv").open() as file:
        rows = list(csv.DictReader(file))
    epochs = [r for r in rows if r["epoch"] and not r["model"].endswith("-50")]
    assert len(epochs) == 4 * 4 * 10 * 2
    assert all(0 < float(r["value"]) < 1 for r in rows)
