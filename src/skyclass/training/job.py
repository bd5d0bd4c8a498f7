"""Everything that a training process is told, in memory or as a file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.files import atomic_path
from skyclass.models.model_spec import ModelSpec

__all__ = ["TrainingJob", "read_job", "write_job"]


@dataclass(frozen=True)
class TrainingJob:
    """One training."""

    cutouts: Path
    """Folder of cutouts."""
    fingerprint: str
    """That of the cutouts."""
    state: Path
    """Folder of what an interrupted training needs to go on."""
    out: Path
    """Folder to write the model into."""
    spec: ModelSpec
    """What is trained."""
    config: TrainingConfig
    """How."""
    augmentation: AugmentationConfig
    """How training objects are changed."""
    seed: int
    """Of the weights' start, of the order and of the changes."""
    logs: Path | None
    """Folder for logs and curves."""
    features: Path | None
    """Folder of the features that a frozen backbone gave."""

    @property
    def text(self) -> str:
        """The job in JSON."""
        values: dict[str, Any] = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
        }
        values["spec"] = asdict(self.spec)
        for name in ("config", "augmentation"):
            values[name] = values[name].model_dump(mode="json")
        return json.dumps(values, indent=1)


def write_job(job: TrainingJob, path: Path) -> None:
    """Write a job for other processes.

    Parameters
    ----------
    job
        What they are told.
    path
        JSON file to write or replace.
    """
    with atomic_path(path) as partial:
        partial.write_text(job.text, encoding="utf-8")


def read_job(path: Path) -> TrainingJob:
    """Read a job that `write_job` wrote.

    Parameters
    ----------
    path
        JSON file.

    Returns
    -------
    TrainingJob
        The same.
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    for name in ("cutouts", "state", "out", "logs", "features"):
        values[name] = None if values[name] is None else Path(values[name])
    spec: dict[str, Any] = values["spec"]
    tuples = {name: tuple(value) for name, value in spec.items() if isinstance(value, list)}
    values["spec"] = ModelSpec(**spec | tuples)
    values["config"] = TrainingConfig(**values["config"])
    values["augmentation"] = AugmentationConfig(**values["augmentation"])
    return TrainingJob(**values)
