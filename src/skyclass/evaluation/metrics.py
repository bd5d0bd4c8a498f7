"""The metrics of an experiment, and their file `metrics.json`."""

from html import escape
from pathlib import Path

from pydantic import BaseModel, ValidationError

from skyclass.catalog.cleaning_report import CleaningReport
from skyclass.errors import EvaluationError
from skyclass.evaluation.binned_scores import BinnedScores
from skyclass.evaluation.calibration import CalibrationResult
from skyclass.evaluation.conformal import ConformalResult
from skyclass.evaluation.group_scores import GroupScores
from skyclass.evaluation.paired_difference import PairedDifference
from skyclass.evaluation.scores import Scores
from skyclass.files import atomic_path

__all__ = ["Ceiling", "Metrics", "ModelScores", "read_metrics", "write_metrics"]


class ModelScores(Scores):
    """Scores of a model, over all test objects and by how these were observed."""

    by: dict[str, BinnedScores]
    """Scores in bins of each known condition, by its name."""


class Ceiling(BaseModel, frozen=True, use_attribute_docstrings=True):
    """What a classifier reaches on simulated test objects that has seen very many of their sky.

    It knows their catalogue photometry with its true errors, so it is a lower estimate of what any
    classifier can reach.
    """

    scores: ModelScores
    """Its scores on the test objects."""
    draws: int
    """Number of catalogue rows that it has learnt from."""
    accuracy_half: float
    """Accuracy of another that has learnt from half of them."""
    difference: PairedDifference
    """The model minus it."""
    sky: str
    """Level of the simulated sky."""
    wrong_labels: float
    """Share of the labels that the simulation puts wrong on purpose."""


class Metrics(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Everything that an evaluation measures; the contents of `metrics.json`."""

    test: ModelScores
    """The model's scores on the test objects."""
    baseline: ModelScores | None
    """Scores of the baseline, gradient boosting on colours; None if the objects have none."""
    baseline_name: str | None = None
    """What it knows: `catalogue colours`, or where there are none `measured colours`, those that
    skyclass measured on the pixels of the model."""
    baselines: dict[str, ModelScores]
    """Scores of further baselines by name: `measured colours` beside those of a catalogue,
    `k-nn`, the nearest neighbours in the colours of `baseline`, and `measurement alone`, the same
    network without the picture."""
    difference: PairedDifference | None
    """Model minus baseline; None without a baseline."""
    differences: dict[str, PairedDifference] = {}
    """Model minus each of the further baselines, by name."""
    ceiling: Ceiling | None = None
    """Lower estimate of what any classifier can reach; None where the sky is not simulated, or how
    is not known."""
    calibration: CalibrationResult
    """Calibration of the model's probabilities."""
    conformal: ConformalResult | None
    """Prediction sets; None without a calibration split."""
    by_group: GroupScores | None = None
    """Accuracies averaged over groups of objects; None in an experiment, or without groups."""
    crowding_radius: float
    """Radius within which neighbours are counted, in arcsec."""
    task: str
    """Name of the task."""
    ordered: bool
    """Whether the classes have an order."""
    image_type: str
    """Name of the image type."""
    model: str
    """Name of the network."""
    registration: str
    """How the bands are registered."""
    simulated: bool
    """Whether the objects are simulated."""
    catalog: CleaningReport
    """Cleaning report of the catalogue."""
    versions: dict[str, str]
    """Version of each package by its name."""

    @property
    def all_baselines(self) -> dict[str, ModelScores]:
        """Scores of all baselines by name, the one that the model is compared with first."""
        if self.baseline is None:
            return {}
        return {self.baseline_name or "colours": self.baseline, **self.baselines}

    def __repr__(self) -> str:
        """Format the headline."""
        kind = ", simulated" if self.simulated else ""
        return f"Metrics({self.task}, {self.model} on {self.image_type}{kind}: test={self.test!r})"

    def __str__(self) -> str:
        """Format the headline."""
        return repr(self)

    def _repr_html_(self) -> str:
        """Format the headline and the scores for notebooks."""
        kind = " (simulated data)" if self.simulated else ""
        headline = escape(f"{self.task}: {self.model} on {self.image_type}{kind}")
        return f"<p>{headline}</p>{self.test._repr_html_()}"


def read_metrics(path: Path) -> Metrics:
    """Read `metrics.json`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Metrics
        Its contents.

    Raises
    ------
    EvaluationError
        If the file is missing or not JSON, or a key is missing or invalid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read; run the experiment first") from error
    try:
        return Metrics.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise EvaluationError(f"{path} is not JSON: {first['ctx']['error']}") from error
        key = ".".join(map(str, first["loc"]))
        reason = first["msg"][0].lower() + first["msg"][1:]
        raise EvaluationError(
            f"{path} does not fit this version of skyclass: {key}: {reason};"
            " remove it and run the experiment again"
        ) from error


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write `metrics.json`.

    Parameters
    ----------
    metrics
        What to write.
    path
        File to write or replace.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with atomic_path(path) as partial:
        partial.write_text(metrics.model_dump_json(indent=1), encoding="utf-8")
