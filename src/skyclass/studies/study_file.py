"""The study file: a base experiment and the axes along which its cells differ."""

import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from skyclass.config.describe_error import describe_error
from skyclass.config.section import Section, Settings
from skyclass.errors import StudyError, nearest
from skyclass.files import AnyPath

__all__ = ["Choice", "ModelChoice", "Simulation", "StudyConfig", "read_study", "shipped_studies"]

_DATA: Final = files("skyclass.studies") / "data"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}"


class Choice(Section):
    """One value of an axis: a data set, an image type."""

    name: str = Field(pattern=rf"^{_NAME}$")
    """Name of its folder."""
    title: str = ""
    """Name in tables; `name` by default."""
    settings: Settings = Field(default_factory=dict)
    """Keys of the experiment file."""
    simulated: Settings = Field(default_factory=dict)
    """Keys that take the place of `settings` on a simulated survey, section by section."""

    @property
    def label(self) -> str:
        """Name in tables."""
        return self.title or self.name


class ModelChoice(Choice):
    """A model."""

    only: tuple[str, ...] = ()
    """Names of the image types that it is trained on; all by default."""


class Simulation(Section):
    """Simulated survey in place of the real archives."""

    objects: int = Field(ge=1)
    """Labelled objects at scale 1."""
    caption: str
    """Text of every table about it; ``{scale}`` stands for the scale."""
    seed: int = Field(1, ge=0)
    """Seed of the survey."""
    settings: Settings = Field(default_factory=dict)
    """Keys of the experiment file that take the place of those of `base`."""


class StudyConfig(Section):
    """A grid of experiments."""

    name: str = Field(pattern=rf"^{_NAME}$")
    """Name of the study."""
    title: str
    """Heading of its pages."""
    caption: str
    """Text of every table on how it was made."""
    published: str | None = None
    """CSV file of published figures beside the study file."""
    published_caption: str = ""
    """Text of every table on where the published figures come from."""
    learning_curves: bool = False
    """Whether accuracies are shown epoch by epoch."""
    base: Settings
    """Keys of the experiment file that all cells have in common."""
    data_sets: tuple[Choice, ...] = Field(min_length=1)
    """Which objects."""
    image_types: tuple[Choice, ...] = Field(min_length=1)
    """How they are drawn."""
    models: tuple[ModelChoice, ...] = Field(min_length=1)
    """What is trained."""
    seeds: tuple[int, ...] = Field((1,), min_length=1)
    """Seeds of training; objects and their split are the same for all."""
    simulation: Simulation | None = None
    """How the study runs on a simulated survey."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Check that names on an axis differ and that the image types of models exist."""
        types = [choice.name for choice in self.image_types]
        for axis, names in (
            ("data_sets", [choice.name for choice in self.data_sets]),
            ("image_types", types),
            ("models", [choice.name for choice in self.models]),
            ("seeds", [str(seed) for seed in self.seeds]),
        ):
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise ValueError(f"{axis} has {twice[0]!r} twice")
        for model in self.models:
            unknown = [name for name in model.only if name not in types]
            if unknown:
                raise ValueError(
                    f"the model {model.name} names the image type {unknown[0]!r};"
                    f" did you mean {nearest(unknown[0], types)!r}?"
                )
        return self


def shipped_studies() -> tuple[str, ...]:
    """List the names of the studies that come with skyclass."""
    return tuple(sorted(p.name.removesuffix(".toml") for p in _list_files() if p.suffix == ".toml"))


def read_study(name: AnyPath) -> tuple[StudyConfig, Path]:
    """Read a study file.

    Parameters
    ----------
    name
        One of `shipped_studies`, or the path of a TOML file.

    Returns
    -------
    config
        Checked, with defaults filled in.
    base
        Folder that its relative paths start from.

    Raises
    ------
    StudyError
        If there is no such study, or it has an unknown key (the nearest known one is named) or an
        invalid value.
    """
    name = os.fspath(name)
    path = Path(name)
    if not name.endswith(".toml"):
        shipped = {p.stem: p for p in _list_files() if p.suffix == ".toml"}
        if name not in shipped:
            raise StudyError(
                f"unknown study {name!r}; did you mean {nearest(name, shipped)!r}?"
                f" (there are {', '.join(sorted(shipped))}; or give a .toml file)"
            )
        path = shipped[name]
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path} is not a TOML file: {error}") from error
    try:
        return StudyConfig.model_validate(values), path.resolve().parent
    except ValidationError as error:
        raise StudyError(f"{path}: {describe_error(error, StudyConfig)}") from error


def _list_files() -> list[Path]:
    """List the files that come with the package."""
    return [Path(str(p)) for p in _DATA.iterdir() if re.fullmatch(_NAME, p.name)]
