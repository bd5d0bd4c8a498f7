"""How an image type is spelt: `family:bands:key=value`, as in `lupton:irg:q=8:stretch=0.5`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from skyclass.errors import ImageError, nearest
from skyclass.images.image_type import ImageType
from skyclass.surveys.sdss.frames import BANDS

__all__ = ["ImageFamily", "Parameter"]


@dataclass(frozen=True)
class Parameter:
    """A number that may follow the bands."""

    default: float
    """Value where none is given."""
    positive: bool = True
    """Whether it must be above zero."""


@dataclass(frozen=True)
class ImageFamily:
    """Image types that differ in their bands and in a few numbers."""

    name: str
    """First word of the name."""
    example: str
    """A whole name, for messages and lists."""
    description: str
    """Half a sentence for lists."""
    build: Callable[[str, str, Mapping[str, float]], ImageType]
    """Makes the type of a whole name, its bands and all its parameters."""
    count: tuple[int, int]
    """Fewest and most bands."""
    bands: str = ""
    """Bands where none are named; empty where they must be."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Numbers by their keys."""

    def create(self, name: str) -> ImageType:
        """Make the image type of a name that begins with this family's.

        Parameters
        ----------
        name
            ``family``, ``family:bands``, ``family:key=value`` or ``family:bands:key=value:...``.

        Returns
        -------
        ImageType
            Under the same name.

        Raises
        ------
        ImageError
            Where the bands or a parameter cannot be.
        """
        words = name.split(":")[1:]
        bands = words.pop(0) if words and "=" not in words[0] else self.bands
        self._check_bands(name, bands)
        values = {key: parameter.default for key, parameter in self.parameters.items()}
        for word in words:
            values |= self._parameter(name, word)
        return self.build(name, bands, values)

    def _check_bands(self, name: str, bands: str) -> None:
        """Refuse bands that there are not, that come twice, or too few or too many."""
        fewest, most = self.count
        known = set(bands) <= set(BANDS) and len(set(bands)) == len(bands)
        if not known or not fewest <= len(bands) <= most:
            number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise ImageError(
                f"image type {name!r} needs {number} of the bands {''.join(BANDS)}, none twice, got"
                f" {bands!r}; write it like {self.example!r}"
            )

    def _parameter(self, name: str, word: str) -> dict[str, float]:
        """Read one `key=value`."""
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
            kind = "a number above zero" if self.parameters[key].positive else "a number"
            raise ImageError(f"image type {name!r}: {key} must be {kind}, got {text!r}")
        return {key: value}
