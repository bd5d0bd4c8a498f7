"""What a table of classified sources says of itself: the model, and what its columns hold for."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from skyclass._version import __version__
from skyclass.config.describe_error import describe_error
from skyclass.errors import InferenceError
from skyclass.inference.operating_thresholds import OperatingThreshold
from skyclass.models.class_prior import compute_implied_prior
from skyclass.models.model_spec import ModelSpec

__all__ = [
    "METADATA_KEY",
    "TableMetadata",
    "describe_metadata",
    "format_metadata",
    "make_table_metadata",
    "parse_metadata",
]

METADATA_KEY: Final = "skyclass"
"""Name of the metadata in a file; a FITS header spells it in capitals."""


@dataclass(frozen=True)
class TableMetadata:
    """Which model classified the sources of a table, and what its columns hold for."""

    # a file of a later version may say more
    __pydantic_config__: ClassVar = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    model: str
    """Name, folder or address of the model."""
    version: str
    """Version of skyclass that classified."""
    survey: str
    """Name of the survey that the pixels are of."""
    task: str
    """Name of the task."""
    labels: tuple[str, ...]
    """Names of the classes."""
    simulated: bool
    """Whether the model was trained on simulated data."""
    network: str = ""
    """Name of the network."""
    image_type: str = ""
    """Name of the image type."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Number of sources that are not in the table, by reason."""
    coverage: float | None = None
    """Stated coverage of the prediction sets; None without any."""
    ood_threshold: float | None = None
    """Value of `ood` above which an object is flagged as unlike the training objects; None without
    `ood`."""
    prior: dict[str, float] = field(default_factory=dict)
    """Share of each class that probabilities, sets and samples hold for, where one was stated."""
    implied_prior: dict[str, float] = field(default_factory=dict)
    """Share of each class that the model's own probabilities hold for: those of its training
    objects, or equal ones; empty if unknown."""
    population: str = ""
    """Objects that prediction sets and samples were fitted on, and hold for."""
    measure: str = ""
    """What samples were selected by: purity or completeness."""
    level: float | None = None
    """Its least value."""
    confidence: float | None = None
    """Probability with which each of the thresholds keeps it."""
    operating: tuple[OperatingThreshold, ...] = ()
    """Thresholds of the samples, by class and magnitude in the detection band."""


_ADAPTER: Final = TypeAdapter(TableMetadata)


def make_table_metadata(
    spec: ModelSpec, model: str, left_out: dict[str, int] | None = None
) -> TableMetadata:
    """Make the metadata of a table.

    Parameters
    ----------
    spec
        Specification of the model.
    model
        Its name, folder or address.
    left_out
        Number of sources that are not in the table, by reason; none by default.

    Returns
    -------
    TableMetadata
        Of a table that this version classifies.
    """
    return TableMetadata(
        model=model,
        version=__version__,
        survey=spec.survey,
        task=spec.task,
        labels=spec.labels,
        simulated=spec.simulated,
        network=spec.network,
        image_type=spec.image_type,
        left_out=left_out or {},
        implied_prior=compute_implied_prior(spec),
    )


def describe_metadata(metadata: TableMetadata) -> list[str]:
    """Describe what classified the sources of a table.

    Parameters
    ----------
    metadata
        Of the table.

    Returns
    -------
    list of str
        Sentences.
    """
    sentences = [
        f"Classified by skyclass {metadata.version}: model {metadata.model}, survey"
        f" {metadata.survey}, task {metadata.task}, network {metadata.network}, image type"
        f" {metadata.image_type}."
    ]
    if metadata.simulated:
        sentences.append("The model was trained on simulated data.")
    if metadata.left_out:
        counts = ", ".join(f"{reason} {count}" for reason, count in metadata.left_out.items())
        sentences.append(f"Left out: {counts}.")
    return sentences + _describe_conclusions(metadata)


def _describe_conclusions(metadata: TableMetadata) -> list[str]:
    """Describe what prediction sets, samples and scores hold for."""
    sentences = []
    prior = metadata.prior or metadata.implied_prior
    if prior:
        shares = ", ".join(f"{name} {share:.3g}" for name, share in prior.items())
        sentences.append(f"Probabilities are those of a sky of {shares}.")
    if metadata.coverage is not None:
        sentences.append(
            f"Prediction sets contain the class of {metadata.coverage:.3g} of the objects like the"
            f" {metadata.population}."
        )
    else:
        sentences.append("The model has no calibration objects, so there are no prediction sets.")
    if metadata.ood_threshold is not None:
        sentences.append(
            f"An ood above {metadata.ood_threshold:.3g} marks an object as unlike those that the"
            " model was trained on; no class of it is to be believed."
        )
    if metadata.level is not None:
        sentences.append(
            f"Samples are selected for a {metadata.measure} of at least {metadata.level:.3g} of"
            f" every class, among objects like the {metadata.population}; there each threshold"
            f" keeps that with a probability of {metadata.confidence:.3g}. It is no promise for"
            " another population."
        )
    return sentences


def format_metadata(metadata: TableMetadata) -> str:
    """Format metadata as they stand in a file.

    Parameters
    ----------
    metadata
        Of the table.

    Returns
    -------
    str
        JSON in one line.
    """
    return _ADAPTER.dump_json(metadata, ensure_ascii=True).decode()


def parse_metadata(text: str, source: str) -> TableMetadata:
    """Parse the metadata of a file.

    Parameters
    ----------
    text
        JSON.
    source
        Where it stands, for the message.

    Returns
    -------
    TableMetadata
        Of the table.

    Raises
    ------
    InferenceError
        If it is not that of a table of classified sources.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        reason = describe_error(error, TableMetadata)
        raise InferenceError(f"{source}: broken metadata {METADATA_KEY}: {reason}") from error
