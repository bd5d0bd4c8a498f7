"""The sections and keys of an experiment file, with their defaults."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from skyclass.config.section import Section
from skyclass.config.training_sections import AugmentationConfig, ModelConfig, TrainingConfig
from skyclass.errors import ConfigError
from skyclass.schema import DEFAULT_SURVEY

__all__ = [
    "CatalogConfig",
    "CleanConfig",
    "CutoutConfig",
    "Experiment",
    "ImageConfig",
    "LabelConfig",
    "ObjectsConfig",
    "SampleConfig",
    "SplitConfig",
    "StoredRules",
    "SurveyConfig",
]


class CatalogConfig(Section):
    """Where the objects come from."""

    source: Literal["file", "skyserver", "casjobs"] = "file"
    """A table on disk, a query to SkyServer, or a job in CasJobs."""
    path: Path | None = None
    """CSV, ECSV, Parquet, FITS or VOTable file; relative to the experiment file."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Names in the table of columns that skyclass calls otherwise."""
    query: str | None = None
    """SQL of a query; the built-in one of the task by default."""
    limits: dict[str, float] = Field(default_factory=dict)
    """Faintest model magnitude by band, for a built-in query."""
    release: int = Field(17, ge=8, le=19)
    """Data release to query."""
    base_url: str | None = None
    """Address of another server, such as a local archive."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Check that there is a path if, and only if, the source is a file."""
        if self.source == "file" and self.path is None:
            raise ValueError(
                "catalog.path is missing; name a file of objects, or set catalog.source to"
                ' "skyserver" or "casjobs"'
            )
        if self.source != "file" and self.path is not None:
            raise ValueError(
                f'catalog.path and catalog.source = "{self.source}" exclude each other; remove one'
            )
        return self


class LabelConfig(Section):
    """How rows get their labels."""

    template_luminosity: Literal["any", "main-sequence"] = "any"
    """Luminosity classes of the best-matching template that count as a star of its class."""
    merge: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """For each new class, the classes that it replaces."""
    drop: tuple[str, ...] = ()
    """Classes to leave out."""


class CleanConfig(Section):
    """Which rows are left out."""

    duplicates: Literal["position", "exact", "id"] = "position"
    """Rows within `radius` of another, at exactly equal ra and dec, or with an equal id only."""
    radius: float = Field(1.0, gt=0, le=60)
    """Arcsec."""
    flags: bool = True
    """Leave out second observations, unclean photometry and spectra with a warning, where the
    table has the columns `mode`, `clean`, `sciencePrimary`, `zWarning`; and objects of Legacy
    Surveys outside their brick (`brick_primary`)."""
    impossible: Literal["refuse", "drop"] = "refuse"
    """Whether coordinates off the sky are an error, or their rows dropped."""
    ra_unit: Literal["auto", "degree", "hour"] = "auto"
    """Unit of ra; ``auto``: degrees, and an error if the values look like hours."""
    faint: Literal["blank", "drop", "keep"] = "blank"
    """Magnitudes at or fainter than zero flux: set to missing, the row dropped, or kept.
    Dropping removes the reddest stars first."""
    extinction: bool = False
    """Correct magnitudes for the table's own extinction."""
    frame_keys: Literal["auto", "require", "objid", "skyserver"] = "auto"
    """Whether rows need the survey's key columns, rerun, run, camcol and field of SDSS (``auto``:
    where the table has any of them), or where these are read from: the bits of `objid`, or
    SkyServer by position."""


class SampleConfig(Section):
    """Which of the clean objects are used."""

    method: Literal["all", "densest-fields", "random", "random-fields", "balanced"] = "all"
    """How they are chosen."""
    per_class: int | None = Field(None, ge=1)
    """Most objects of each class."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Most objects of single classes, before `per_class`."""
    total: int | None = Field(None, ge=1)
    """Objects in all."""
    data_set: Literal["thesis-1", "thesis-2", "thesis-3"] | None = None
    """Data set of the ViT thesis, in place of all other keys of this section."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Check that a data set stands alone, and that the number that a method needs is there."""
        others = [name for name, _ in self.__repr_args__() if name != "data_set"]
        if self.data_set is not None and others:
            raise ValueError(
                f'sample.data_set = "{self.data_set}" and sample.{others[0]} exclude each other;'
                " remove one"
            )
        needs = {"densest-fields": "per_class", "random": "total", "random-fields": "total"}
        name = needs.get(self.method)
        if name is not None and getattr(self, name) is None:
            raise ValueError(f'sample.{name} is missing; sample.method = "{self.method}" needs it')
        return self


class SplitConfig(Section):
    """How objects are divided into splits; training takes what the other shares leave."""

    train: float | None = Field(None, gt=0, lt=1)
    """Share of training; by default what the others leave."""
    validation: float = Field(0.1, gt=0, lt=0.5)
    """Share of each class that decides when training stops."""
    test: float = Field(0.2, gt=0, lt=0.9)
    """Share of each class that is scored once, at the end."""
    calibration: float = Field(0.0, ge=0, lt=0.5)
    """Share of each class for what must not be fitted on validation."""
    by: Literal["object", "field", "sky"] = "object"
    """What is never divided between splits: nothing, a field, or a HEALPix cell."""
    nside: int = Field(32, ge=1, le=4096)
    """Resolution of the HEALPix cells (32: 1.8 degrees)."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        """Check that the shares leave something for training and sum to one."""
        others = self.validation + self.test + self.calibration
        if others >= 1:
            raise ValueError(
                "split.validation, split.test and split.calibration must sum to less than 1, got"
                f" {others:g}"
            )
        if self.train is not None and abs(self.train + others - 1) > 1e-6:
            raise ValueError(
                f"split.train and the other shares must sum to 1, got {self.train + others:g}"
            )
        if self.nside & (self.nside - 1):
            raise ValueError(f"split.nside must be a power of two, got {self.nside}")
        return self


class SurveyConfig(Section):
    """Which survey, where its pixels are, and how its archive is asked for them."""

    name: str = DEFAULT_SURVEY
    """Name of the survey: `sdss`, `panstarrs`, `legacysurveys`, or one that `register_survey` or
    another package adds."""
    frames: Path | None = None
    """Directory of frames in the archive's layout; relative to the experiment file. With a
    `base_url` frames are downloaded to it; without either, into the cache."""
    base_url: str | None = None
    """Archive to download from in place of the survey's own: https://host or file:///folder."""
    footprint: Path | None = None
    """MOC (FITS) of the positions that are asked for, in place of the survey's own footprint;
    relative to the experiment file. Needs mocpy."""
    release: int = Field(17, ge=8, le=19)
    """Data release to download."""
    connections: int = Field(8, ge=1, le=64)
    """Connections to one host."""
    rate: float = Field(10.0, ge=0, le=100_000)
    """Requests a second to one host; 0 sets no limit."""
    retries: int = Field(5, ge=0, le=20)
    """Further tries of a file after the first."""
    timeout: float = Field(60.0, gt=0, le=3600)
    """Seconds without a byte after which a connection is given up."""


class CutoutConfig(Section):
    """What is cut around each object."""

    size: float = Field(64, gt=0)
    """How long a side is."""
    unit: Literal["pixel", "arcsec"] = "pixel"
    """Unit of `size`."""
    dtype: Literal["float32", "float16"] = "float32"
    """How fluxes are stored: float16 takes half the space and keeps 11 bits."""
    missing_band: Literal["refuse", "drop", "mask"] = "refuse"
    """What is done about a field that lacks the frame of a band: stop, leave its objects out, or
    store that band as zeros, all masked."""
    background: Literal["none", "local"] = "none"
    """Take off what is left of the sky: the median along the cutout's rim in each band."""
    saturated: Literal["keep", "mask"] = "keep"
    """Whether saturated pixels are masked."""
    grid: Literal["native", "common"] = "native"
    """Each band's own pixels, or all bands resampled onto one grid, north up: only for surveys
    whose bands differ in rotation or scale."""
    measure: Literal["field", "cutout", "off"] = "field"
    """What fluxes, PSF, noise and flags are measured on: the whole frames of the field, which are
    then read to their end; each object's cutouts alone; or nothing, and none are stored."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Check the size, and that the grid allows what is done about saturated pixels."""
        if self.unit == "pixel" and not _is_cutout_side(round(self.size)):
            raise ValueError(self._describe_size(round(self.size)))
        if self.grid == "common" and self.saturated == "mask":
            raise ValueError(
                'cutouts.saturated = "mask" needs cutouts.grid = "native": resampling mixes'
                " saturated pixels"
            )
        return self

    def count_pixels(self, pixel_scale: float) -> int:
        """Compute the pixels a side.

        Parameters
        ----------
        pixel_scale
            Arcsec per pixel of the survey.

        Returns
        -------
        int
            From 8 to 512.

        Raises
        ------
        ConfigError
            If the size is out of range.
        """
        pixels = round(self.size / (pixel_scale if self.unit == "arcsec" else 1.0))
        if not _is_cutout_side(pixels):
            raise ConfigError(self._describe_size(pixels))
        return pixels

    def _describe_size(self, pixels: int) -> str:
        """Describe what is wrong with the size."""
        got = f"{self.size:g}"
        if self.unit != "pixel":
            got += f" {self.unit} ({pixels} pixels)"
        return f"cutouts.size must be 8 to 512 pixels, got {got}"


def _state_measure(rules: Any) -> Any:
    """Complete rules that were stored before anything was measured."""
    return {"measure": "off", **rules} if isinstance(rules, dict) else rules


StoredRules = Annotated[CutoutConfig, BeforeValidator(_state_measure)]
"""Rules as they are read from disk; those that do not state what was measured measured nothing."""


def _is_cutout_side(pixels: int) -> bool:
    """Check that a number of pixels is allowed as the side of a cutout."""
    return 8 <= pixels <= 512


class ImageConfig(Section):
    """How cutouts become model input."""

    type: str = "ugriz"
    """Name of an image type."""
    registration: Literal["shift", "none"] | None = None
    """Whether the bands are brought onto one grid; the image type's own way by default."""
    crop: int | None = Field(None, ge=8)
    """Side in pixels of the central square that is kept."""
    size: int | None = Field(None, ge=8, le=1024)
    """Height in pixels of the model input; the width is in proportion."""
    resize: Literal["lanczos", "bilinear", "learned"] = "lanczos"
    """How the size is reached: as Pillow does, the cheapest way, or with a trained network."""
    upscaler: Path | None = None
    """Weights of that network (.safetensors); relative to the experiment file."""


def _known_name(value: str) -> str:
    """Check that a name is not empty."""
    if not value.strip():
        raise ValueError("must not be empty")
    return value


class ObjectsConfig(Section):
    """Which objects, with which labels, in which split."""

    task: Annotated[str, AfterValidator(_known_name)]
    """Name of a task, or the path of a task file, relative to the experiment file."""
    seed: int = Field(1, ge=0)
    """Seed of the sample, of the split, of the weights' start and of the order of training."""
    catalog: CatalogConfig
    labels: LabelConfig = LabelConfig()
    clean: CleanConfig = CleanConfig()
    sample: SampleConfig = SampleConfig()
    split: SplitConfig = SplitConfig()


class Experiment(ObjectsConfig):
    """One trained and evaluated configuration.

    Examples
    --------
    >>> import skyclass
    >>> experiment = skyclass.Experiment(
    ...     task="spectral-class",
    ...     catalog={"path": "catalog.csv"},
    ...     survey={"frames": "frames"},
    ...     images={"type": "gri"},
    ... )
    >>> experiment.images
    ImageConfig(type='gri')
    >>> experiment.split.test
    0.2
    """

    plugins: tuple[str, ...] = ()
    """Modules that register image types, networks, tasks or surveys: files (.py) beside the
    experiment file or relative to it, or installed modules."""
    survey: SurveyConfig = SurveyConfig()
    cutouts: CutoutConfig = CutoutConfig()
    images: ImageConfig = ImageConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
