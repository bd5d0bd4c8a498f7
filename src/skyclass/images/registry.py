"""The registry of image types: named, pure ways to turn cutouts into model input."""

from dataclasses import replace
from typing import Final

from skyclass.errors import ImageError, nearest
from skyclass.images.colour_types import COLOUR_FAMILIES
from skyclass.images.families import ImageFamily
from skyclass.images.image_type import ImageType
from skyclass.images.legacy_types import LEGACY_FAMILIES, LEGACY_TYPES, build_grey_each
from skyclass.plugins import add_entry, load_plugins
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey

__all__ = ["SHORT_NAMES", "get_image_type", "image_families", "image_types", "register_image_type"]

GROUP: Final = "skyclass.image_types"
"""Entry-point group; each entry names an `ImageType`, or a function without parameters that returns
one."""

SHORT_NAMES: Final = {"gri": "percentile:gri", "urz": "percentile:urz", "ugriz": "asinh:ugriz"}
"""Short names of common types, and their full names."""

_FAMILIES: dict[str, ImageFamily] = {f.name: f for f in (*LEGACY_FAMILIES, *COLOUR_FAMILIES)}
_TYPES: dict[str, ImageType] = {image_type.name: image_type for image_type in LEGACY_TYPES}
_BUILDERS: Final = {"grey:each": build_grey_each}
"""Named types that differ between surveys."""


def register_image_type(image_type: ImageType) -> ImageType:
    """Add an image type to the registry, so that experiment files and functions can name it.

    Parameters
    ----------
    image_type
        Its name must be new.

    Returns
    -------
    ImageType
        The same image type.

    Raises
    ------
    ImageError
        If the name is taken.

    Examples
    --------
    The difference of two bands, shown in grey:

    >>> import skyclass
    >>> from skyclass.images.image_type import ImageType
    >>> image_type = ImageType(
    ...     name="r-minus-i",
    ...     bands=("r", "i"),
    ...     channels=1,
    ...     description="r minus i in nanomaggies",
    ...     function=lambda flux: flux[:, :1] - flux[:, 1:],
    ...     picture=lambda images: images.expand(-1, 3, -1, -1) + 0.5,
    ... )
    >>> skyclass.register_image_type(image_type).name
    'r-minus-i'
    >>> train = skyclass.open_cutouts("cutouts")["train"]
    >>> skyclass.render(train.take([0]), "r-minus-i", offset=train.offsets()[:1]).shape
    (1, 32, 32, 3)
    """
    _load_plugins()
    return _add(image_type)


def _add(image_type: ImageType) -> ImageType:
    """Add an image type whose name is new."""
    known = (*SHORT_NAMES, *_BUILDERS, *_TYPES)
    if image_type.name in known or image_type.name.split(":")[0] in _FAMILIES:
        raise ImageError(f"image type {image_type.name!r} is registered already")
    add_entry(_TYPES, image_type.name, image_type)
    return image_type


def _load_plugins() -> None:
    """Add the image types of installed packages."""
    load_plugins(GROUP, ImageType, _add)


def image_types() -> tuple[str, ...]:
    """List the names of all image types that have no parameters."""
    _load_plugins()
    return (*SHORT_NAMES, *_BUILDERS, *_TYPES)


def image_families() -> tuple[ImageFamily, ...]:
    """List the families of image types, whose names continue with bands and parameters."""
    return tuple(_FAMILIES.values())


def get_image_type(name: str, survey: str = DEFAULT_SURVEY) -> ImageType:
    """Look up an image type by name.

    Parameters
    ----------
    name
        One of `image_types`, or ``family:bands:key=value:...`` of one of `image_families`.
    survey
        Name of the survey of the cutouts, which says what bands there are.

    Returns
    -------
    ImageType
        The image type.

    Raises
    ------
    ImageError
        If the name, its bands or its parameters are unknown, or the survey lacks one of its bands;
        the message names the nearest type, or the bands that there are.
    SurveyError
        If the survey is unknown.

    Examples
    --------
    >>> get_image_type("colours", "panstarrs").bands
    ('g', 'r', 'i', 'z', 'y')
    """
    source = get_survey(survey)
    image_type = _build(name, source)
    missing = [band for band in image_type.bands if band not in source.band_names]
    if missing and image_type.source is None:
        raise ImageError(
            f"image type {name!r} needs {', '.join(missing)}, which survey {survey} lacks (it has"
            f" {', '.join(source.band_names)}); use one like 'asinh:{''.join(source.band_names)}'"
        )
    return replace(image_type, survey_bands=source.band_names)


def _build(name: str, survey: Survey) -> ImageType:
    """Build or look up the image type of a name."""
    full = SHORT_NAMES.get(name, name)
    if full in _TYPES:
        return _TYPES[full]
    if full in _BUILDERS:
        return _BUILDERS[full](survey)
    head = full.split(":")[0]
    if head in _FAMILIES:
        return replace(_FAMILIES[head].create(full, survey), name=name)
    known_names = image_types()
    if name in _TYPES:
        return _TYPES[name]
    known = {family.name: family.example for family in _FAMILIES.values()}
    known |= {each: each for each in known_names}
    best = nearest(name, known) if ":" not in name else nearest(head, _FAMILIES)
    raise ImageError(
        f"image type {name!r} is unknown; did you mean {known[best]!r}?"
        f" (there are {', '.join(known.values())})"
    )
