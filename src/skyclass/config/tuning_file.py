"""Read the file of a hyper-parameter search: ranges or choices of an experiment's keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from skyclass.config.describe_error import describe_error
from skyclass.config.section import Section, Settings
from skyclass.config.sections import Experiment
from skyclass.errors import ConfigError
from skyclass.toml_file import read_toml

__all__ = ["Range", "SearchConfig", "list_extremes", "read_search", "replace_values"]

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
        """Check that the range is not empty."""
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if self.log and not self.low > 0:
            raise ValueError(f"low must be above 0 in a logarithmic range, got {self.low}")
        return self


Values = Range | tuple[Choice, ...]
"""What one key of the experiment file may be in a search."""


class SearchConfig(Section):
    """A hyper-parameter search."""

    trials: int = Field(30, ge=1, le=10_000)
    """Number of trainings."""
    space: dict[str, Values] = Field(min_length=1)
    """For a key of the experiment file, such as "training.learning_rate", its range or choices."""

    @field_validator("space")
    @classmethod
    def _check_keys(cls, space: Settings) -> Settings:
        """Check that no key changes the objects or the figure that trials are compared by."""
        for key, values in space.items():
            if key.split(".")[0] not in _SECTIONS or key == "training.monitor":
                raise ValueError(
                    f"{key} cannot be searched over: trials share the objects and the figure"
                    f" that compares them; choose keys of {', '.join(_SECTIONS)}"
                )
            if isinstance(values, tuple) and not values:
                raise ValueError(f"{key} has no choices")
        return space


def list_extremes(values: Values) -> tuple[Choice, ...]:
    """List the values of a key that are checked before a search.

    Parameters
    ----------
    values
        Range or choices.

    Returns
    -------
    tuple
        Both ends of a range, or all choices.

    Examples
    --------
    >>> list_extremes(Range(low=1, high=9))
    (1, 9)
    """
    return (values.low, values.high) if isinstance(values, Range) else values


def read_search(path: Path, experiment: Experiment) -> SearchConfig:
    """Read a search file, and check each of its values in the experiment.

    Parameters
    ----------
    path
        TOML file with `trials` and a table `space`.
    experiment
        Experiment whose keys are searched over.

    Returns
    -------
    SearchConfig
        Checked.

    Raises
    ------
    ConfigError
        If the file is not readable, or a key or value is invalid in the experiment.
    """
    try:
        search = SearchConfig.model_validate(read_toml(path, ConfigError))
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_error(error, SearchConfig)}") from error
    for key, values in search.space.items():
        for value in list_extremes(values):
            try:
                replace_values(experiment, {key: value})
            except ConfigError as error:
                raise ConfigError(f"{path}: {error}") from error
    return search


def replace_values(experiment: Experiment, values: Mapping[str, Choice]) -> Experiment:
    """Replace values of an experiment.

    Parameters
    ----------
    experiment
        As read from a file.
    values
        By dotted key.

    Returns
    -------
    Experiment
        Validated; keys that were not set before stay unset, for presets to fill in.

    Raises
    ------
    ConfigError
        If a value is invalid.
    """
    settings = experiment.model_dump(exclude_unset=True)
    for key, value in values.items():
        section, _, name = key.partition(".")
        settings[section] = {**settings.get(section, {}), name: value}
    try:
        return Experiment.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(describe_error(error, Experiment)) from error
