"""Where the objects and pixels of an experiment come from."""

from typing import Any, Final

from skyclass.catalog.cleaning_report import format_report
from skyclass.config.sections import Experiment
from skyclass.evaluation.report.report_data import ReportData
from skyclass.images.registry import get_image_type

__all__ = ["describe_provenance"]

_SPLITS: Final = {
    "object": "object by object: objects of one field may be in several splits",
    "field": "by field: no field is in two splits",
    "sky": "by cell of the sky: no cell is in two splits",
}


def describe_provenance(material: ReportData) -> dict[str, Any]:
    """Tell where objects and pixels come from.

    Parameters
    ----------
    material
        The experiment.

    Returns
    -------
    dict
        `facts`, words by name; `cleaning`, the cleaning report line by line; `leakage`, the share
        of test objects that lie in a field with training objects, None where it is not known.
    """
    config, catalog = material.config, material.metrics["catalog"]
    return {
        "facts": {
            "Survey": _survey(config),
            "Sky": "simulated: made by a program" if material.metrics["simulated"] else "real",
            "Pixels": _pixels(material),
            "Catalogue": _catalogue(config),
            "Split": f"{_SPLITS[config.split.by]}; seed {config.seed}",
        },
        "cleaning": format_report(catalog),
        "leakage": catalog["leakage"],
    }


def _survey(config: Experiment) -> str:
    """Name the survey and its release."""
    source = get_image_type(config.images.type, config.survey.name).source
    if source is not None and source.service == "ps1":
        return "Pan-STARRS1, pictures of the archive at STScI"
    kind = "frames" if source is None else "pictures of SkyServer"
    return f"SDSS, {kind}, data release {config.survey.release}"


def _pixels(material: ReportData) -> str:
    """Say what was cut."""
    spec = material.classifier.spec
    bands = "".join(spec.bands) if all(len(band) == 1 for band in spec.bands) else "red green blue"
    return f"{spec.size} × {spec.size} pixels in {bands}, unit {spec.unit}"


def _catalogue(config: Experiment) -> str:
    """Say where the objects come from."""
    path = config.catalog.path
    # where the file lies on the machine of its author is nobody's business
    return f"file {path.name}" if path is not None else f"query of {config.catalog.source}"
