"""Families of image types, named `family:bands:key=value`, as in `lupton:irg:q=8:stretch=0.5`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from skyclass.errors import ImageError, nearest
from skyclass.images.image_type import ImageType
from skyclass.surveys.survey import Survey

__all__ = ["ImageFamily", "Parameter"]


@dataclass(frozen=True)
class Parameter:
    """A number that may follow the bands in a name."""

    default: float
    """Value if the name holds none."""
    positive: bool = True
    """Whether it must be positive."""


@dataclass(frozen=True)
class ImageFamily:
    """Image types that differ only in their bands and in a few numbers."""

    name: str
    """First word of the names of its types."""
    example: str
    """Complete name of one of its types, for messages and lists."""
    description: str
    """Phrase for lists."""
    build: Callable[[str, str, Mapping[str, float], Survey], ImageType]
    """Builds the type from its complete name, its bands, all its parameters, and the survey."""
    count: tuple[int, int | None]
    """Smallest and largest number of bands; None: as many as the survey has."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Parameters by their keys."""

    def create(self, name: str, survey: Survey) -> ImageType:
        """Build the image type of a name that begins with the name of this family.

        Parameters
        ----------
        name
            ``family``, ``family:bands``, ``family:key=value`` or ``family:bands:key=value:...``;
            without bands, all of the survey if the family takes as many.
        survey
            Survey of the cutouts.

        Returns
        -------
        ImageType
            Under the same name.

        Raises
        ------
        ImageError
            If the bands or a parameter are invalid.
        """
        words = name.split(":")[1:]
        bands = words.pop(0) if words and "=" not in words[0] else self.default_bands(survey)
        self._check_bands(name, bands, survey)
        values = {key: parameter.default for key, parameter in self.parameters.items()}
        for word in words:
            values |= self._parse_parameter(name, word)
        return self.build(name, bands, values, survey)

    def default_bands(self, survey: Survey) -> str:
        """Return the bands of a name that holds none: all of the survey, or none at all."""
        return "".join(survey.band_names) if self.count[1] is None else ""

    def _check_bands(self, name: str, bands: str, survey: Survey) -> None:
        """Check that the bands exist, are all different, and are neither too few nor too many."""
        fewest, most = self.count[0], self.count[1] or len(survey.bands)
        known = set(bands) <= set(survey.band_names) and len(set(bands)) == len(bands)
        if not known or not fewest <= len(bands) <= most:
            number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise ImageError(
                f"image type {name!r} needs {number} different bands of"
                f" {''.join(survey.band_names)} (survey {survey.name}), got {bands!r}; write it"
                f" like {self.example!r}"
            )

    def _parse_parameter(self, name: str, word: str) -> dict[str, float]:
        """Parse one `key=value`."""
        key, _, text = word.partition("=")
        if key not in self.parameters:
            if not self.parameters:
                raise ImageError(
                    f"image type {name!r}: {self.name} has no parameters, got {word!r}"
                )
            raise ImageError(
                f"image type {name!r} has an unknown parameter {key!r}; did you mean"
                f" {nearest(key, self.parameters)!r}? (there are {', '.join(self.parameters)})"
            )
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (self.parameters[key].positive and value <= 0):
            kind = "a positive number" if self.parameters[key].positive else "a number"
            raise ImageError(f"image type {name!r}: {key} must be {kind}, got {text!r}")
        return {key: value}
