"""Provenance: where the objects and pixels of an experiment come from."""

from dataclasses import dataclass
from typing import Final

from skyclass.catalog.cleaning_report import format_report
from skyclass.config.sections import Experiment
from skyclass.evaluation.evaluation_record import EvaluationRecord
from skyclass.evaluation.report.report_data import ReportData
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import COLOURS

__all__ = ["Provenance", "describe_provenance"]

_SPLITS: Final = {
    "object": "object by object: objects of one field may be in several splits",
    "field": "by field: no field is in two splits",
    "sky": "by cell of the sky: no cell is in two splits",
}


@dataclass(frozen=True)
class Provenance:
    """Where objects and pixels come from."""

    facts: dict[str, str]
    """Descriptions by name."""
    cleaning: list[str]
    """Lines of the cleaning report."""
    leakage: float | None
    """Share of test objects that lie in a field with training objects; None if not known."""


def describe_provenance(data: ReportData) -> Provenance:
    """Describe where objects and pixels come from.

    Parameters
    ----------
    data
        The experiment.

    Returns
    -------
    Provenance
        Survey, pixels, catalogue, split and cleaning.
    """
    catalog = data.metrics.catalog
    return Provenance(
        facts={
            "Survey": _describe_survey(data),
            "Sky": "simulated by a program" if data.metrics.simulated else "real",
            "Pixels": _describe_pixels(data),
            **_describe_objects(data.origin, data.spec),
        },
        cleaning=format_report(catalog),
        leakage=catalog.leakage,
    )


def _describe_survey(data: ReportData) -> str:
    """Name the survey or the archive that drew the pictures, and the release if it has several."""
    release = f", data release {data.release}"
    if data.spec.bands != COLOURS:
        return data.survey.title + (release if "{release}" in data.survey.explorer else "")
    if data.classifier is None:
        return "pictures that an archive drew"  # image types, which know it, need PyTorch
    from skyclass.images.registry import get_image_type

    source = get_image_type(data.spec.image_type, data.spec.survey).source
    if source is not None and source.service == "ps1":
        return "Pan-STARRS1, pictures of the archive at STScI"
    return f"SDSS, pictures of SkyServer{release}"


def _describe_pixels(data: ReportData) -> str:
    """Describe the cutouts."""
    spec = data.spec
    bands = "".join(spec.bands) if all(len(band) == 1 for band in spec.bands) else "red green blue"
    return f"{spec.size} × {spec.size} pixels in {bands}, unit {spec.unit}"


def _describe_objects(origin: Experiment | EvaluationRecord, spec: ModelSpec) -> dict[str, str]:
    """Describe catalogue and split of an experiment, or model and labels of an evaluation."""
    if isinstance(origin, Experiment):
        split = f"{_SPLITS[origin.split.by]}; seed {origin.seed}"
        return {"Catalogue": _describe_catalog(origin), "Split": split}
    label = f"column {origin.label}" if origin.label else f"as task {spec.task} reads them"
    trained = "simulated" if spec.simulated else "real"
    return {
        "Model": f"{origin.model}, trained on {trained} data before and unchanged",
        "Objects": f"{origin.kind} of {origin.data}",
        "Labels": label,
        "Groups": origin.group or "none: objects count as independent",
    }


def _describe_catalog(config: Experiment) -> str:
    """Name the file or query that the objects come from."""
    path = config.catalog.path
    # only the file's name: where it lies on its author's machine is private
    return f"file {path.name}" if path is not None else f"query of {config.catalog.source}"
