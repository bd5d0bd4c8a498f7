"""The specification of a model: everything but its weights."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field, FiniteFloat

from skyclass.config.sections import CutoutConfig, StoredRules
from skyclass.errors import ModelError
from skyclass.schema import DEFAULT_SURVEY

__all__ = ["HUB", "MeasuredScaling", "ModelSpec"]

HUB: Final = "hub"
"""Weights that the network starts from: those that timm has on the Hugging Face Hub."""

_MOST_PIXELS: Final = 4096
_WIDEST: Final = 16384
"""Sizes are limited, as a network of the sizes stated is made before its weights are read."""


@dataclass(frozen=True)
class MeasuredScaling:
    """How the measurement of an object becomes numbers of order one."""

    softening: tuple[FiniteFloat, ...]
    """Fluxes in nanomaggies at which asinh magnitudes turn linear, `[band]`."""
    extinction: tuple[FiniteFloat, ...]
    """Magnitudes of Galactic extinction that are assumed where they are unknown, `[band]`."""
    shape: bool
    """Whether the concentration of the light is among the features."""
    median: tuple[FiniteFloat, ...]
    """Median of each feature over the training objects."""
    scale: tuple[FiniteFloat, ...]
    """Scatter of each feature about its median; 0 for one that all training objects share, which
    is not used."""


@dataclass(frozen=True)
class ModelSpec:
    """A model except for its weights."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    task: str
    """Name of the task."""
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    """Class names in the order of the outputs."""
    image_type: str
    """Name of the image type."""
    network: str
    """Name of a network of skyclass, or of a model of timm."""
    size: Annotated[int, Field(ge=1, le=_MOST_PIXELS)]
    """Pixels a side of the cutouts it was trained on."""
    bands: tuple[str, ...]
    """Order of the band axis of the cutouts."""
    unit: str
    """Unit of the cutouts."""
    simulated: bool
    """Whether it was trained on simulated data."""
    registration: str = "none"
    """How the bands are brought onto one grid; `none` for older models that do not state it."""
    rules: StoredRules | None = None
    """How the cutouts were cut out of frames; None for ready-made pictures, and for older models
    that do not state it."""
    crop: Annotated[int, Field(ge=1, le=_MOST_PIXELS)] | None = None
    """Side in pixels of the central square of the cutouts that is used."""
    image_size: Annotated[int, Field(ge=1, le=_MOST_PIXELS)] | None = None
    """Height in pixels that pictures are resized to."""
    resize: str = "lanczos"
    """Interpolation of the resizing."""
    upscaler: str | None = None
    """File of the weights that enlarge them; beside the model where it is saved."""
    temperature: FiniteFloat = 1.0
    """Divisor of the logits before the softmax (Guo et al. 2017, ICML)."""
    temperature_from: str | None = None
    """Split that the temperature was fitted on."""
    head: Annotated[tuple[Annotated[int, Field(ge=1, le=_WIDEST)], ...], Field(max_length=8)] = ()
    """Widths of the hidden layers between features and classes."""
    normalisation: str = "batch"
    """Normalisation of the network's input: own, symmetric or batch."""
    native: bool = False
    """Whether a model of fixed input size is adapted to pictures of another."""
    patch: Annotated[int, Field(ge=1, le=_MOST_PIXELS)] | None = None
    """Pixels a side of a transformer's patches; None for its own."""
    columns: tuple[str, ...] = ()
    """Groups of columns of the catalogue that are joined to the features of the image."""
    column_mean: tuple[FiniteFloat, ...] = ()
    """Mean of each column over the training objects."""
    column_deviation: tuple[FiniteFloat, ...] = ()
    """Standard deviation of each column over the training objects."""
    measured: tuple[str, ...] = ()
    """Bands in which it is told what was measured of an object; none for a model of the pixels
    alone."""
    measured_scaling: MeasuredScaling | None = None
    """Scaling of these measurements."""
    weights: str | None = None
    """Initial weights: `HUB`, a file, a saved model, or None for fresh ones."""
    head_origin: str = ""
    """Whether the head of the initial weights was kept or made anew, and why."""
    frozen: bool = False
    """Whether only the head was trained."""
    survey: str = DEFAULT_SURVEY
    """Name of the survey that the pixels are of."""
    origin: str = ""
    """Description of the pixels for the model card."""
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    """Number of objects of each class in each split."""
    imbalance: str = "none"
    """Treatment of classes of unequal number in its training; `none` for older models that do not
    state it."""
    plugins: dict[str, str] = field(default_factory=dict)
    """Modules that register its `network`, `image_type` or `survey`, of those from outside
    skyclass."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ModelError(f"temperature must be above 0, got {self.temperature}")

    @property
    def cutting_rules(self) -> CutoutConfig:
        """Rules to cut frames by: `rules`, or the default ones of an older model of its size."""
        return self.rules or CutoutConfig(size=self.size, measure="off")
