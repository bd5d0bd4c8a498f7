"""The experiment file: one TOML file says everything that makes a result."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from skyclass.errors import ConfigError, nearest
from skyclass.files import atomic_path

__all__ = [
    "CatalogConfig",
    "CutoutConfig",
    "ExperimentConfig",
    "ImageConfig",
    "ModelConfig",
    "SplitConfig",
    "SurveyConfig",
    "TrainingConfig",
    "read_config",
    "write_config",
]


class _Section(BaseModel):
    """A part of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CatalogConfig(_Section):
    """Where the objects come from."""

    path: Path
    """CSV, Parquet, FITS or VOTable file; relative to the experiment file."""


class SplitConfig(_Section):
    """How objects are divided; what is left of one is the training share."""

    validation: float = Field(0.1, gt=0, lt=0.5)
    """Share of each class that decides when training stops."""
    test: float = Field(0.2, gt=0, lt=0.5)
    """Share of each class that is scored once, at the end."""


class SurveyConfig(_Section):
    """Where the pixels are."""

    frames: Path
    """Directory of SDSS frames in the archive's layout; relative to the experiment file."""


class CutoutConfig(_Section):
    """What is cut around each object."""

    size: int = Field(64, ge=8, le=512)
    """Pixels a side."""


class ImageConfig(_Section):
    """How cutouts become model input."""

    type: str = "ugriz"
    """Name of an image type."""


class ModelConfig(_Section):
    """What learns."""

    name: str = "compact"
    """Name of a network."""


class TrainingConfig(_Section):
    """How it learns."""

    epochs: int = Field(30, ge=1)
    """Most passes through the training objects."""
    batch_size: int = Field(64, ge=1)
    """Objects a step."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak of the one-cycle schedule of AdamW."""
    weight_decay: float = Field(0.02, ge=0)
    """Decoupled weight decay of AdamW."""
    patience: int = Field(8, ge=1)
    """Epochs without a better validation loss before training stops."""


def _known_name(value: str) -> str:
    """Refuse an empty name."""
    if not value.strip():
        raise ValueError("is empty")
    return value


class ExperimentConfig(_Section):
    """One trained and evaluated configuration."""

    task: Annotated[str, AfterValidator(_known_name)]
    """Name of a task."""
    seed: int = Field(1, ge=0)
    """Seed of the split, of the weights' start and of the order of training."""
    catalog: CatalogConfig
    split: SplitConfig = SplitConfig()
    survey: SurveyConfig
    cutouts: CutoutConfig = CutoutConfig()
    images: ImageConfig = ImageConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()


def read_config(path: Path) -> ExperimentConfig:
    """Read an experiment file; relative paths in it become absolute.

    Parameters
    ----------
    path
        TOML file.

    Returns
    -------
    ExperimentConfig
        Checked, with defaults filled in.

    Raises
    ------
    ConfigError
        Where the file is missing or not TOML, or has an unknown key (the nearest known one is
        named) or a value that cannot be.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}") from error
    try:
        config = ExperimentConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error)}") from error
    base = path.resolve().parent
    catalog = config.catalog.model_copy(update={"path": base / config.catalog.path})
    survey = config.survey.model_copy(update={"frames": base / config.survey.frames})
    return config.model_copy(update={"catalog": catalog, "survey": survey})


def write_config(config: ExperimentConfig, path: Path) -> None:
    """Write a configuration as a TOML file that `read_config` reads back.

    Parameters
    ----------
    config
        What to write.
    path
        File to write or replace.
    """
    values = config.model_dump(mode="json")
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for section in (key for key in values if key not in plain):
        lines += ["", f"[{section}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values[section].items()]
    with atomic_path(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _explain(error: ValidationError) -> str:
    """Say in one line what the first thing wrong with a file is."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        *sections, key = (str(part) for part in first["loc"])
        known = _keys(sections)
        return f"unknown key {where!r}; did you mean {nearest(key, known)!r}?"
    if first["type"] == "missing":
        return f"the key {where!r} is missing"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]} (got {first['input']!r})"


def _keys(sections: list[str]) -> list[str]:
    """List the keys that a section of the file may have."""
    model: Any = ExperimentConfig
    for section in sections:
        model = model.model_fields[section].annotation
    return list(model.model_fields)


def _toml(value: str | float) -> str:
    """Write one value in TOML: its strings are escaped as JSON's basic strings are."""
    if isinstance(value, str):
        return _quoted(value)
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _quoted(text: str) -> str:
    """Give a TOML basic string (https://toml.io/en/v1.0.0#string)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
