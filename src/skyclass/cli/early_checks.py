"""Checks of arguments that need no large library, so that a mistake is answered at once.

The functions that the commands call check the same and more, but are imported with PyTorch, pandas
and astropy.
"""

from collections.abc import Iterable
from pathlib import Path

from skyclass.errors import SkyclassError
from skyclass.workspace import StudyWorkspace, Workspace

__all__ = [
    "check_directory",
    "check_evaluated",
    "check_exists",
    "check_model",
    "check_reportable",
    "check_suffix",
]


def check_exists(*paths: Path) -> None:
    """Check that files or directories to be read exist."""
    for path in paths:
        if not path.exists():
            raise SkyclassError(f"{path} does not exist")


def check_directory(out: Path) -> None:
    """Check that a directory to be written is not a file."""
    if out.exists() and not out.is_dir():
        raise SkyclassError(f"{out} is a file; choose another directory")


def check_suffix(out: Path, suffix: str) -> None:
    """Check the suffix of a file to be written."""
    if out.suffix != suffix:
        raise SkyclassError(f"{out} must end with {suffix}")


def check_evaluated(directories: Iterable[Path]) -> None:
    """Check that experiments have been evaluated."""
    for directory in directories:
        check_exists(directory)
        if not Workspace(directory).metrics.is_file():
            raise SkyclassError(
                f"{Workspace(directory).metrics} cannot be read; run the experiment first"
            )


def check_reportable(directory: Path) -> None:
    """Check that a directory holds a study or an evaluated experiment."""
    if not StudyWorkspace(directory).study_file.is_file():
        check_evaluated([directory])


def check_model(model: str) -> None:
    """Check that a folder holds a model; one on a hub is looked up later."""
    if not model.startswith("hf://"):
        from skyclass.models.spec_file import SPEC_FILE

        if not (Path(model) / SPEC_FILE).is_file():
            raise SkyclassError(f"{model} holds no usable model ({SPEC_FILE} is missing)")
