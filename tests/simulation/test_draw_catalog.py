"""Catalogue rows that are drawn without frames against those of a simulated survey."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulation.conftest import Simulated
from skyclass.simulation.draw_catalog import draw_catalog, weigh_by_table
from skyclass.simulation.population import draw_block
from skyclass.simulation.simulated_catalog import weigh_by_drawing
from skyclass.simulation.simulation_settings import SimulationSettings, read_simulation
from skyclass.simulation.sky import SKIES
from skyclass.simulation.sources import SourceKind
from skyclass.simulation.strip import make_strip


def test_drawn_objects_are_like_the_surveys_and_none_of_them(wide: Simulated) -> None:
    settings = read_simulation(wide.out / "catalog.csv")
    assert settings == SimulationSettings(2, "object-type", 6, 250, "real")
    drawn, ours = draw_catalog(settings, 2_000), wide.catalog
    assert len(drawn) == 2_000
    assert list(drawn.columns) == list(ours.columns)
    assert not set(drawn["objid"].astype(str)) & set(ours["objid"])
    for kind in ("STAR", "GALAXY", "QSO"):
        one, other = drawn[drawn["class"] == kind], ours[ours["class"] == kind]
        shares = [(table["class"] == kind).mean() for table in (drawn, ours)]
        assert shares[0] == pytest.approx(shares[1], abs=0.02)
        for column in ("psfMag_r", "cModelMag_r"):
            assert np.median(one[column]) == pytest.approx(np.median(other[column]), abs=0.35)


def test_the_same_settings_draw_the_same_objects() -> None:
    settings = SimulationSettings(1, "spectral-class", 3, 100, "plain")
    pd.testing.assert_frame_equal(draw_catalog(settings, 150), draw_catalog(settings, 150))


@pytest.mark.parametrize("level", ["plain", "real"])
def test_tabulated_weights_are_those_of_drawn_galaxies(level: str) -> None:
    block = draw_block(1, "object-type", 100, make_strip(1, 3), 0, SKIES[level])
    sources, fwhm = block.sources.take_first(100), block.compute_fwhm()[:100]
    exact, fast = (weigh(block.psfs, sources, fwhm) for weigh in (weigh_by_drawing, weigh_by_table))
    galaxies = sources.kind == SourceKind.GALAXY
    assert (fast[~galaxies] == 1.0).all()
    assert exact[galaxies].mean() < 0.8
    assert np.median(fast[galaxies] / exact[galaxies]) == pytest.approx(1.0, abs=0.02)
    assert np.ptp(fast[galaxies] / exact[galaxies]) < 0.15


def test_a_description_of_an_earlier_version_is_of_the_plain_sky(tmp_path: Path) -> None:
    known = {"n_fields": 2, "task": "object-type", "seed": 1, "objects_per_field": 9}
    (tmp_path / "simulation.json").write_text(json.dumps(known))
    settings = read_simulation(tmp_path / "catalog.csv")
    assert settings is not None
    assert settings.sky == "plain"


@pytest.mark.parametrize("text", ["", "[]", '{"seed": 1}', '{"n_fields": 0}'])
def test_what_describes_no_simulation_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "simulation.json").write_text(text)
    assert read_simulation(tmp_path / "catalog.csv") is None
