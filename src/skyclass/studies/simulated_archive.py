"""The simulated survey that a study runs on in place of the real archives."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from skyclass.config.section import Settings
from skyclass.mock_archive.server import serve_archive
from skyclass.progress import Progress
from skyclass.simulation.simulate import simulate
from skyclass.studies.study_file import Simulation

__all__ = ["serve_simulated_survey"]

_PER_FIELD: Final = 250
"""Labelled objects of a simulated field."""

_SKY: Final = "plain"
"""Level of the sky, on which the captions of the shipped studies rest."""


@contextmanager
def serve_simulated_survey(
    simulation: Simulation, task: str, scale: float, out: Path, progress: Progress
) -> Iterator[dict[str, Settings]]:
    """Simulate the survey of a study and serve it while a block runs.

    Parameters
    ----------
    simulation
        How many objects the survey has.
    task
        Task that its labels are of.
    scale
        Fraction of the real number of objects, above 0 and up to 1.
    out
        Directory of the survey; one that was begun earlier is resumed.
    progress
        Called with the stage, fields done and fields in all.

    Yields
    ------
    dict
        Sections of the experiment file that locate the survey.

    Raises
    ------
    SimulationError
        If the survey cannot be made.
    """
    fields = math.ceil(simulation.objects * scale / _PER_FIELD)
    catalog = simulate(
        out,
        fields,
        task=task,
        seed=simulation.seed,
        objects_per_field=_PER_FIELD,
        sky=_SKY,
        progress=progress,
    )
    with serve_archive(out, queries=False) as url:
        yield {
            "catalog": {"source": "file", "path": str(catalog.resolve())},
            "survey": {"base_url": url, "rate": 0},
        }
