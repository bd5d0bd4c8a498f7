"""What was evaluated, where a saved model was checked against labels of its user."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.errors import EvaluationError
from skyclass.files import atomic_path

__all__ = ["EvaluationRecord", "read_record", "write_record"]


class EvaluationRecord(BaseModel):
    """A saved model and the labelled objects that it was evaluated on: `evaluation.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    model: str
    """Name of the model's folder, or of the model on the Hub."""
    data: str
    """Name of the file or folder of the objects."""
    kind: str
    """What that holds: `cutouts`, `positions` or `arrays`."""
    label: str | None
    """Column of the classes; None where the task's rule, or the cutouts, give them."""
    group: str | None
    """Column whose equal values make a group; None: single objects."""


def read_record(path: Path) -> EvaluationRecord:
    """Read `evaluation.json`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    EvaluationRecord
        Its contents.

    Raises
    ------
    EvaluationError
        If it is missing or invalid.
    """
    try:
        return EvaluationRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvaluationError(f"{path} is not the record of an evaluation") from error


def write_record(record: EvaluationRecord, path: Path) -> None:
    """Write `evaluation.json`.

    Parameters
    ----------
    record
        What to write.
    path
        File to write or replace.
    """
    with atomic_path(path) as partial:
        partial.write_text(record.model_dump_json(indent=1), encoding="utf-8")
