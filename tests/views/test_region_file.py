"""Region files are read by another library, and say what the table says."""

from pathlib import Path

import numpy as np
import pytest

from skyclass.errors import InferenceError
from skyclass.evaluation.class_colours import CLASS_COLOURS, NO_CLASS
from skyclass.views.region_file import write_regions
from views.classified import make_table


def test_another_library_reads_the_circles(tmp_path: Path) -> None:
    regions = pytest.importorskip("regions", reason="regions is not installed")
    table = make_table(np.array([0.0001, 150.25, 359.9]), np.array([-89.5, 2.5, 0.0]))
    write_regions(table, tmp_path / "a.reg")
    circles = regions.Regions.read(tmp_path / "a.reg", format="ds9")
    assert [circle.center.ra.deg for circle in circles] == pytest.approx(table["ra"], abs=1e-6)
    assert [circle.center.dec.deg for circle in circles] == pytest.approx(table["dec"], abs=1e-6)
    assert {circle.radius.to_value("arcsec") for circle in circles} == {3.0}
    assert {circle.center.frame.name for circle in circles} == {"icrs"}
    texts = [circle.meta["text"] for circle in circles]
    assert texts == ["hot 0.90", "cool 0.75", "no class"]
    colours = [circle.visual["edgecolor"] for circle in circles]
    assert colours == [CLASS_COLOURS[0], CLASS_COLOURS[1], NO_CLASS]


def test_rows_without_a_position_are_left_out(tmp_path: Path) -> None:
    write_regions(make_table(np.array([1.0, np.nan]), np.array([2.0, 3.0])), tmp_path / "a.reg")
    assert (tmp_path / "a.reg").read_text().count("circle") == 1


def test_wrong_input_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    table = make_table(np.array([1.0]), np.array([2.0]))
    with pytest.raises(InferenceError, match=r"must end with \.reg"):
        write_regions(table, tmp_path / "a.txt")
    with pytest.raises(InferenceError, match="no column class"):
        write_regions(table.drop(columns="class"), tmp_path / "a.reg")
    with pytest.raises(InferenceError, match="no column ra"):
        write_regions(table.drop(columns="ra"), tmp_path / "a.reg")
    assert not list(tmp_path.iterdir())
