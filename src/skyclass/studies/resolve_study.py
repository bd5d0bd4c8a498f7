"""Resolve a study to the settings of its cells, before anything is run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skyclass.config.experiment_file import format_value
from skyclass.config.section import Settings, flatten_settings
from skyclass.errors import StudyError
from skyclass.extras import check_installed
from skyclass.files import AnyPath
from skyclass.studies.cells import Cell, make_cells
from skyclass.studies.merge_settings import Override
from skyclass.studies.study_file import StudyConfig, read_study
from skyclass.studies.study_results import read_published

__all__ = ["SCALE", "ResolvedStudy", "resolve_study"]

SCALE: Final = 0.02
"""Fraction of the real objects that a simulated study has by default."""

_SIMULATED: Final = {"catalog", "survey"}
"""Sections that a simulated survey fills in when it is there."""


@dataclass(frozen=True, repr=False)
class ResolvedStudy:
    """A study whose cells are checked."""

    study: StudyConfig
    """The study."""
    base: Path
    """Folder that its relative paths start from."""
    scale: float | None
    """Scale of the simulated survey; None for the real archives."""
    cells: tuple[Cell, ...]
    """Its experiments; those on a simulated survey do not know yet where it is."""

    @property
    def published(self) -> Path | None:
        """Table of published figures, if there is one."""
        return None if self.study.published is None else self.base / self.study.published

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Settings of the study that others override in some cell, each once."""
        return tuple(dict.fromkeys(each for cell in self.cells for each in cell.overrides))

    @property
    def common(self) -> Settings:
        """Keys that differ from their defaults and are the same in all cells."""
        first, *others = self._list_settings()
        return {
            key: value
            for key, value in first.items()
            if all(key in other and other[key] == value for other in others)
        }

    @property
    def differing(self) -> dict[str, Settings]:
        """Keys that are not the same in all cells, by the names of the cells."""
        common = self.common
        return {
            cell.name: {key: value for key, value in settings.items() if key not in common}
            for cell, settings in zip(self.cells, self._list_settings(), strict=True)
        }

    def __str__(self) -> str:
        """Return what is common to all cells, what differs, and what is overridden."""
        where = "on the real archives"
        if self.scale is not None:
            where = f"on a simulated survey at scale {self.scale:g}"
        lines = [f"{self.study.name}: {len(self.cells)} cells {where}", "", "In all cells:"]
        lines += _format_settings(self.common)
        for name, settings in self.differing.items():
            lines += ["", f"{name}:", *_format_settings(settings)]
        if self.overrides:
            lines += ["", "Overridden:", *(f"  {override}" for override in self.overrides)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the number of cells in one line."""
        return f"<ResolvedStudy {self.study.name}: {len(self.cells)} cells>"

    def _list_settings(self) -> list[Settings]:
        """List the settings of each cell: the keys that differ from their default in any cell."""
        changed = {key for cell in self.cells for key in self._flatten(cell, exclude_defaults=True)}
        return [
            {key: value for key, value in self._flatten(cell).items() if key in changed}
            for cell in self.cells
        ]

    def _flatten(self, cell: Cell, *, exclude_defaults: bool = False) -> Settings:
        """List the keys of a cell's experiment that have a value, with their sections."""
        values = cell.config.model_dump(
            mode="json",
            exclude_none=True,
            exclude_defaults=exclude_defaults,
            exclude=None if self.scale is None else _SIMULATED,
        )
        return flatten_settings(values)


def resolve_study(
    name: AnyPath, *, simulated: bool = False, scale: float | None = None
) -> ResolvedStudy:
    """Resolve a study to the settings of its cells and check them; nothing is written.

    Parameters
    ----------
    name
        Study file (TOML), or the name of a study that comes with skyclass.
    simulated
        Whether it is to run on a simulated survey.
    scale
        Fraction of the real numbers of objects, with `simulated`; `SCALE` by default.

    Returns
    -------
    ResolvedStudy
        Its cells; printed, the settings of each, and which are overridden.

    Raises
    ------
    SkyclassError
        If the study file, its published figures or an experiment is invalid, or two cells are the
        same experiment.

    Examples
    --------
    >>> from skyclass.studies.resolve_study import resolve_study
    >>> resolved = resolve_study("study.toml")
    >>> resolved
    <ResolvedStudy study: 2 cells>
    >>> resolved.differing["all/gri/compact/1"]
    {'images.type': 'gri'}
    """
    study, base = read_study(name)
    scale = _choose_scale(study, simulated, scale)
    if scale is not None:
        check_installed("galsim", purpose="a simulated survey")
    resolved = ResolvedStudy(study, base, scale, tuple(make_cells(study, base, scale=scale)))
    read_published(resolved.published)
    return resolved


def _choose_scale(study: StudyConfig, simulated: bool, scale: float | None) -> float | None:
    """Choose the scale of the simulated survey; None if the study uses the real archives."""
    if not simulated:
        if scale is not None:
            raise StudyError("scale needs a simulated survey: set simulated, or leave scale out")
        return None
    if study.simulation is None:
        raise StudyError(f"the study {study.name} has no section [simulation]; add one")
    scale = SCALE if scale is None else scale
    if not 0 < scale <= 1:
        raise StudyError(f"scale must be above 0 and at most 1, got {scale:g}")
    return scale


def _format_settings(settings: Settings) -> Iterator[str]:
    """Format settings as lines of TOML."""
    return (f"  {key} = {format_value(value)}" for key, value in settings.items())
