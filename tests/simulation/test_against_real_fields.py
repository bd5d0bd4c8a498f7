"""Simulated frames beside real ones, within the tolerances of docs/simulated-sky.md."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.conftest import Simulated

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "simulated_sky.py"))


def test_the_medians_on_the_page_agree_within_its_tolerances(script: dict[str, Any]) -> None:
    page = (DOCS / "simulated-sky.md").read_text()
    table = page.split(script["BEGIN"])[1].split(script["END"])[0].splitlines()[2:]
    assert len(table) == len(script["FACTS"])
    for fact, line in zip(script["FACTS"], table, strict=True):
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        assert name == fact.name
        real, simulated = (float(cell.split()[0]) for cell in cells[:2])
        assert script["agrees"](fact, real, simulated), line


def test_frames_are_like_a_real_one(script: dict[str, Any], wide: Simulated, data: Path) -> None:
    from skyclass.surveys.sdss.layout import Field, find_fields
    from skyclass.surveys.sdss.reader import open_frame

    facts = {fact.name: fact for fact in script["FACTS"]}
    places = [(data / "sdss/frames", Field(301, 1992, 1, 87))]
    places.append((wide.out / "frames", next(iter(find_fields([wide.out / "frames"])))))
    frames = [open_frame(root, field, "r").data for root, field in places]
    noise = [script["compute_noise"](frame) for frame in frames]
    assert script["agrees"](facts["sky noise in r, nanomaggies a pixel"], *noise)
    ratios = [script["compute_bz2_ratio"](*place) for place in places]
    assert script["agrees"](facts["size of the frame in r over that compressed by bz2"], *ratios)
    correlations = [script["correlate_noise"](frame) for frame in frames]
    assert np.ptp(correlations) < 0.05


def test_correlated_noise_is_seen(script: dict[str, Any]) -> None:
    noise = np.random.default_rng(1).normal(size=(320, 640)).astype(np.float32)
    smooth = noise + 0.5 * np.roll(noise, 1, axis=1)
    assert script["correlate_noise"](noise) == pytest.approx(0.0, abs=0.03)
    assert script["correlate_noise"](smooth) == pytest.approx(0.4, abs=0.06)
