"""Everything that a training process needs to know, in memory or as a file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.files import atomic_path
from skyclass.models.model_spec import ModelSpec
from skyclass.plugins import imported_plugins

__all__ = ["TrainingJob", "read_job", "write_job"]


@dataclass(frozen=True)
class TrainingJob:
    """One training."""

    cutouts: Path
    """Folder of cutouts."""
    fingerprint: str
    """Hash of the cutouts."""
    state: Path
    """Folder of the files that an interrupted training is resumed from."""
    out: Path
    """Folder to write the model into."""
    spec: ModelSpec
    """Model to train."""
    config: TrainingConfig
    """Settings of the training."""
    augmentation: AugmentationConfig
    """Random changes of the training objects."""
    seed: int
    """Seed of the initial weights, of the order of objects and of their changes."""
    logs: Path | None
    """Folder of logs and curves."""
    features: Path | None
    """Folder of the cached features of a frozen backbone."""
    plugins: tuple[str, ...] = field(default_factory=imported_plugins)
    """Modules that the other processes import first."""
    onnx: bool = True
    """Whether to write `model.onnx` with the model."""

    @property
    def json(self) -> str:
        """The job in JSON."""
        return _ADAPTER.dump_json(self, indent=1).decode()


_ADAPTER: Final = TypeAdapter(TrainingJob)


def write_job(job: TrainingJob, path: Path) -> None:
    """Write a job for other processes.

    Parameters
    ----------
    job
        Training that they take part in.
    path
        JSON file to write or replace.
    """
    with atomic_path(path) as partial:
        partial.write_text(job.json, encoding="utf-8")


def read_job(path: Path) -> TrainingJob:
    """Read a job that `write_job` wrote.

    Parameters
    ----------
    path
        JSON file.

    Returns
    -------
    TrainingJob
        The same job.
    """
    return _ADAPTER.validate_json(path.read_bytes())
