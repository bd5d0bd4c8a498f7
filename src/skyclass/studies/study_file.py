"""The study file: a base experiment and the axes along which its cells differ."""

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from skyclass.config.describe_error import describe_error
from skyclass.config.section import Section, Settings
from skyclass.errors import StudyError, nearest
from skyclass.files import AnyPath, atomic_path
from skyclass.toml_file import read_toml

__all__ = [
    "Choice",
    "ModelChoice",
    "Simulation",
    "StudyConfig",
    "read_study",
    "shipped_studies",
    "write_study",
]

_DATA: Final = files("skyclass.studies") / "data"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}"


class Choice(Section):
    """One value of an axis: a data set, an image type or a model."""

    name: str = Field(pattern=rf"^{_NAME}$")
    """Name of its folder; of an image type or a model also `images.type` or `model.name`, unless
    its settings have that key."""
    title: str = ""
    """Name in tables; `name` by default."""
    settings: Settings = Field(default_factory=dict)
    """Keys of the experiment file."""
    real: Settings = Field(default_factory=dict)
    """Keys that are added to `settings` on the real archives only."""
    simulated: Settings = Field(default_factory=dict)
    """Keys that are added to `settings` on a simulated survey only."""

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
    """Keys that are added to `base` on the simulated survey."""


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
    path = _find_file(name)
    values = read_toml(path, StudyError)
    try:
        return StudyConfig.model_validate(values), path.resolve().parent
    except ValidationError as error:
        raise StudyError(f"{path}: {describe_error(error, StudyConfig)}") from error


def write_study(name: AnyPath, path: AnyPath) -> list[Path]:
    """Write the file of a study under another name, to be changed, and its published figures.

    Parameters
    ----------
    name
        One of `shipped_studies`, or the path of a study file.
    path
        File to write (``.toml``). Published figures are written beside it, under its name with
        the suffix ``.csv``; the key `published` of the file names them.

    Returns
    -------
    list of pathlib.Path
        Files written.

    Raises
    ------
    StudyError
        If there is no such study, `path` is not a TOML file, or a file exists already.

    Examples
    --------
    >>> from skyclass.studies.study_file import write_study
    >>> print(*write_study("thesis", "mine.toml"))
    mine.toml mine.csv
    """
    source, path = _find_file(name), Path(path)
    study, _ = read_study(name)
    if path.suffix != ".toml":
        raise StudyError(f"{path} is no name of a study file; let it end in .toml")
    text = source.read_text(encoding="utf-8")
    contents = {path: text.encode()}
    if study.published is not None:
        figures = path.with_suffix(".csv")
        contents = {
            path: _rename_published(text, figures.name).encode(),
            figures: (source.parent / study.published).read_bytes(),
        }
    for file in contents:
        if file.exists():
            raise StudyError(f"{file} exists already; choose another name")
    for file, content in contents.items():
        with atomic_path(file) as partial:
            partial.write_bytes(content)
    return list(contents)


def _rename_published(text: str, name: str) -> str:
    """Name other published figures in a study file; all else, comments too, stays as it is."""
    import tomlkit

    document = tomlkit.parse(text)
    document["published"] = name
    return tomlkit.dumps(document)


def _find_file(name: AnyPath) -> Path:
    """Locate a study file by its path or by the name of a shipped study."""
    name = os.fspath(name)
    if name.endswith(".toml"):
        return Path(name)
    shipped = {path.stem: path for path in _list_files() if path.suffix == ".toml"}
    if name not in shipped:
        raise StudyError(
            f"unknown study {name!r}; did you mean {nearest(name, shipped)!r}?"
            f" (there are {', '.join(sorted(shipped))}; or give a .toml file)"
        )
    return shipped[name]


def _list_files() -> list[Path]:
    """List the files that come with the package."""
    return [Path(str(p)) for p in _DATA.iterdir() if re.fullmatch(_NAME, p.name)]
