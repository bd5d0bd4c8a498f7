"""Provenance: where the objects and pixels of an experiment come from."""

from dataclasses import dataclass
from typing import Final

from skyclass.catalog.cleaning_report import format_report
from skyclass.config.sections import Experiment
from skyclass.evaluation.report.report_data import ReportData
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
    config, catalog = data.config, data.metrics.catalog
    return Provenance(
        facts={
            "Survey": _describe_survey(data),
            "Sky": "simulated by a program" if data.metrics.simulated else "real",
            "Pixels": _describe_pixels(data),
            "Catalogue": _describe_catalog(config),
            "Split": f"{_SPLITS[config.split.by]}; seed {config.seed}",
        },
        cleaning=format_report(catalog),
        leakage=catalog.leakage,
    )


def _describe_survey(data: ReportData) -> str:
    """Name the survey or the archive that drew the pictures, and the release if it has several."""
    config = data.config
    release = f", data release {config.survey.release}"
    if data.spec.bands != COLOURS:
        return data.survey.title + (release if "{release}" in data.survey.explorer else "")
    if data.classifier is None:
        return "pictures that an archive drew"  # image types, which know it, need PyTorch
    from skyclass.images.registry import get_image_type

    source = get_image_type(config.images.type, config.survey.name).source
    if source is not None and source.service == "ps1":
        return "Pan-STARRS1, pictures of the archive at STScI"
    return f"SDSS, pictures of SkyServer{release}"


def _describe_pixels(data: ReportData) -> str:
    """Describe the cutouts."""
    spec = data.spec
    bands = "".join(spec.bands) if all(len(band) == 1 for band in spec.bands) else "red green blue"
    return f"{spec.size} × {spec.size} pixels in {bands}, unit {spec.unit}"


def _describe_catalog(config: Experiment) -> str:
    """Name the file or query that the objects come from."""
    path = config.catalog.path
    # only the file's name: where it lies on its author's machine is private
    return f"file {path.name}" if path is not None else f"query of {config.catalog.source}"
