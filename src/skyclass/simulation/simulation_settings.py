"""The settings of a simulated survey, and the file that describes it."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from skyclass._version import __version__
from skyclass.errors import SimulationError, nearest
from skyclass.simulation.population import TASKS
from skyclass.simulation.simulated_catalog import MAX_OBJECTS
from skyclass.simulation.sky import get_sky
from skyclass.simulation.strip import MAX_FIELDS

__all__ = ["MANIFEST", "SimulationSettings", "read_simulation"]

MANIFEST: Final = "simulation.json"
"""File that describes a simulated survey, beside its catalogue."""

_FIRST_SKY: Final = "plain"
"""Level of the surveys that were simulated before there was a choice."""


@dataclass(frozen=True)
class SimulationSettings:
    """The settings of a simulated survey; the same values yield the same files."""

    n_fields: int
    """Number of fields."""
    task: str
    """Task whose labelled objects the catalogue holds."""
    seed: int
    """Seed."""
    objects_per_field: int
    """Labelled objects in each field."""
    sky: str
    """Level of the sky."""

    def __post_init__(self) -> None:
        """Check that the survey can be simulated."""
        if self.task not in TASKS:
            raise SimulationError(
                f"unknown task {self.task!r}; did you mean {nearest(self.task, TASKS)!r}?"
                f" (there are {', '.join(TASKS)})"
            )
        get_sky(self.sky)
        _check_range("n_fields", self.n_fields, 1, MAX_FIELDS)
        _check_range("objects_per_field", self.objects_per_field, 1, MAX_OBJECTS)
        _check_range("seed", self.seed, 0, 2**63 - 1)

    def describe(self) -> dict[str, object]:
        """Describe the contents of the survey's directory, as its file does."""
        note = "Simulated sky, not observations: made by skyclass with GalSim."
        return {"note": note, "simulated": True, "skyclass": __version__, **asdict(self)}


def read_simulation(catalog: Path) -> SimulationSettings | None:
    """Read how the survey was simulated that a catalogue belongs to.

    Parameters
    ----------
    catalog
        File of the catalogue.

    Returns
    -------
    SimulationSettings or None
        None if no description lies beside it, or it is not one of this version.

    Examples
    --------
    >>> from pathlib import Path
    >>> from skyclass.simulation.simulation_settings import read_simulation
    >>> read_simulation(Path("no-survey/catalog.csv")) is None
    True
    """
    try:
        text = (catalog.parent / MANIFEST).read_text(encoding="utf-8")
        known: dict[str, Any] = {"sky": _FIRST_SKY} | dict(json.loads(text))
        return SimulationSettings(**{f.name: known[f.name] for f in fields(SimulationSettings)})
    except (OSError, ValueError, TypeError, KeyError, SimulationError):
        return None


def _check_range(name: str, value: int, low: int, high: int) -> None:
    """Check that a number is whole and in range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SimulationError(f"{name} must be a whole number from {low} to {high}, not {value}")
