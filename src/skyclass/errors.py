"""The exception tree: one subclass per part of the package, all under `SkyclassError`.

A message is one line that says what is wrong, where, and what to do.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "ArchiveError",
    "CatalogError",
    "ConfigError",
    "EvaluationError",
    "ExperimentError",
    "ImageError",
    "InferenceError",
    "MissingExtraError",
    "MissingFrameError",
    "ModelError",
    "OutputError",
    "PluginError",
    "RemoteError",
    "SimulationError",
    "SkyclassError",
    "StudyError",
    "SurveyError",
    "TaskError",
    "TrainingError",
    "nearest",
]


class SkyclassError(Exception):
    """An error that the user can correct; the command line shows it as one line."""


class MissingExtraError(SkyclassError, ImportError):
    """A library that is not installed; the message names the extra that installs it."""


class OutputError(SkyclassError):
    """A result could not be written."""


class PluginError(SkyclassError):
    """A module of one's own that cannot be found or imported, or registers nothing."""


class TaskError(SkyclassError):
    """An unknown or invalid task, or labels that are not among its classes."""


class ConfigError(SkyclassError):
    """An invalid experiment file."""


class CatalogError(SkyclassError):
    """A catalogue that cannot be read, cleaned, sampled or split."""


class SurveyError(SkyclassError):
    """A survey file that is missing, broken or not what its name says."""


class MissingFrameError(SurveyError):
    """A field that lacks the frame of a band."""


class RemoteError(SkyclassError):
    """A service that cannot be reached, or that answers with an error."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        """What was asked, without its query."""
        self.reason = reason
        """What went wrong, and what to do."""


class SimulationError(SkyclassError):
    """A simulated survey that cannot be made as asked."""


class ClusterError(SkyclassError):
    """A Dask cluster that cannot be reached."""


class ArchiveError(SkyclassError):
    """A survey that cannot be served, or a query that the archive refuses."""


class ImageError(SkyclassError):
    """Cutouts or image types that cannot be made or read."""


class ModelError(SkyclassError):
    """A model that is unknown, or cannot be saved or loaded."""


class TrainingError(SkyclassError):
    """A training that cannot be started or went wrong."""


class EvaluationError(SkyclassError):
    """Predictions that cannot be scored."""


class InferenceError(SkyclassError):
    """Input that cannot be classified."""


class ExperimentError(SkyclassError):
    """An experiment that cannot be run where it was asked to."""


class StudyError(SkyclassError):
    """A study that cannot be run as asked, or not all of it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Find the known word whose spelling is closest to `name`, for a message.

    Parameters
    ----------
    name
        Word that the user wrote.
    known
        At least one word.

    Returns
    -------
    str
        One of `known`.
    """
    # the time grows with the square of the length, and no known word is longer
    return difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.0)[0]
