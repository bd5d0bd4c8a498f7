"""The two studies that come with skyclass: their grids, and the published figures."""

import csv
import json
from pathlib import Path

import pytest

from skyclass.errors import StudyError
from skyclass.studies.cells import list_pixel_sources, make_cells
from skyclass.studies.resolve_study import resolve_study
from skyclass.studies.study_file import read_study, shipped_studies, write_study


def test_shipped_studies_are_the_published_grids() -> None:
    assert shipped_studies() == ("manual", "thesis")
    thesis, base = read_study("thesis")
    cells = make_cells(thesis, base, scale=0.1)
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
    assert len(make_cells(manual, base, scale=0.1)) == 18
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


@pytest.mark.parametrize("name", ["thesis", "manual"])
@pytest.mark.parametrize("kind", ["real", "simulated"])
def test_the_cells_of_shipped_studies(name: str, kind: str) -> None:
    # as they were when a section of `simulated` still replaced a whole section
    expected = json.loads(Path(__file__).with_name("shipped_cells.json").read_text())
    resolved = resolve_study(name, simulated=kind == "simulated")
    study = expected[f"{name} {kind}"]
    assert resolved.common == study["common"]
    assert list(resolved.differing) == list(study["cells"])
    for cell, settings in study["cells"].items():
        # where another cell differs from a default, the default is shown, too
        assert resolved.differing[cell].items() >= settings.items()


def test_a_study_written_is_the_shipped_one(tmp_path: Path) -> None:
    files = write_study("thesis", tmp_path / "my.toml")
    assert files == [tmp_path / "my.toml", tmp_path / "my.csv"]
    _, base = read_study("thesis")
    assert files[1].read_bytes() == (base / "thesis.csv").read_bytes()
    lines, shipped = (path.read_text().splitlines() for path in (files[0], base / "thesis.toml"))
    changed = [pair for pair in zip(lines, shipped, strict=True) if pair[0] != pair[1]]
    assert changed == [('published = "my.csv"', 'published = "thesis.csv"')]
    mine = resolve_study(tmp_path / "my.toml", simulated=True)
    assert str(mine) == str(resolve_study("thesis", simulated=True))
    assert mine.published == tmp_path / "my.csv"


@pytest.mark.parametrize("taken", ["my.toml", "my.csv"])
def test_a_study_overwrites_nothing(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(StudyError, match=f"{taken} exists already"):
        write_study("thesis", tmp_path / "my.toml")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_study_is_written_as_toml(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"my\.csv is no name of a study file"):
        write_study("thesis", tmp_path / "my.csv")
    with pytest.raises(StudyError, match="did you mean 'thesis'"):
        write_study("thesys", tmp_path / "my.toml")
