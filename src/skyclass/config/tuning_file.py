"""The file of a hyper-parameter search: which keys of an experiment may be what."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from skyclass.config.experiment_file import explain
from skyclass.config.section import Section
from skyclass.config.sections import Experiment
from skyclass.errors import ConfigError

__all__ = ["Range", "SearchConfig", "read_search", "with_values"]

_SECTIONS: Final = ("images", "model", "training", "augmentation")

Choice = str | bool | int | float


class Range(Section):
    """Numbers from `low` to `high`."""

    low: int | float
    """Least."""
    high: int | float
    """Most."""
    log: bool = False
    """Draw evenly in the logarithm."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        """Refuse a range without numbers in it."""
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} is not below high = {self.high}")
        if self.log and not self.low > 0:
            raise ValueError(f"a logarithmic range needs low above 0, not {self.low}")
        return self


class SearchConfig(Section):
    """A search."""

    trials: int = Field(30, ge=1, le=10_000)
    """Trainings."""
    space: dict[str, Range | tuple[Choice, ...]] = Field(min_length=1)
    """For a key of the experiment file, such as "training.learning_rate", its range or choices."""

    @field_validator("space")
    @classmethod
    def _of_training(cls, space: dict[str, Any]) -> dict[str, Any]:
        """Refuse keys that change the objects, or what they are judged by."""
        for key, values in space.items():
            if key.split(".")[0] not in _SECTIONS or key == "training.monitor":
                raise ValueError(
                    f"{key} cannot be searched over: all trials share one set of objects and one"
                    f" figure to judge by; take keys of {', '.join(_SECTIONS)}"
                )
            if isinstance(values, tuple) and not values:
                raise ValueError(f"{key} has no choices")
        return space


def read_search(path: Path, experiment: Experiment) -> SearchConfig:
    """Read a search file, and check each of its values in the experiment.

    Parameters
    ----------
    path
        TOML file with `trials` and a table `space`.
    experiment
        What is searched over.

    Returns
    -------
    SearchConfig
        Checked.

    Raises
    ------
    ConfigError
        Where the file cannot be read, or a key or value cannot be one of the experiment.
    """
    try:
        search = SearchConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        if len(first["loc"]) == 1:
            raise ConfigError(f"{path}: {explain(error, SearchConfig)}") from error
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    for key, values in search.space.items():
        ends = (values.low, values.high) if isinstance(values, Range) else values
        for value in ends:
            try:
                with_values(experiment, {key: value})
            except ConfigError as error:
                raise ConfigError(f"{path}: {error}") from error
    return search


def with_values(experiment: Experiment, values: Mapping[str, Choice]) -> Experiment:
    """Put values into an experiment.

    Parameters
    ----------
    experiment
        As read from a file.
    values
        By dotted key.

    Returns
    -------
    Experiment
        Checked anew; what was not given before is still not given, for presets to fill in.

    Raises
    ------
    ConfigError
        Where one cannot be.
    """
    given = experiment.model_dump(exclude_unset=True)
    for key, value in values.items():
        section, _, name = key.partition(".")
        given[section] = {**given.get(section, {}), name: value}
    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            raise ConfigError(explain(error, Experiment)) from error
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where} = {first['input']!r}: {first['msg']}") from error
