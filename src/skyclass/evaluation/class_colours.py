"""Colours of classes: the same in reports, pictures and region files."""

from typing import Final

__all__ = ["CLASS_COLOURS", "NO_CLASS", "get_class_colour"]

# after Paul Tol's vibrant and bright schemes (https://sronpersonalpages.nl/~pault), from blue to
# red as the spectral classes go
CLASS_COLOURS: Final = (
    *("#0077BB", "#33BBEE", "#009988", "#B8A010", "#EE7733", "#CC3311", "#AA3377"),
)
"""Told apart with any colour vision; used again from the first where there are more classes."""

NO_CLASS: Final = "#808890"
"""Colour of an object that has no class."""


def get_class_colour(code: int) -> str:
    """Look up the colour of a class.

    Parameters
    ----------
    code
        Index of the class; below 0 for none.

    Returns
    -------
    str
        Such as ``#0077BB``.

    Examples
    --------
    >>> from skyclass.evaluation.class_colours import get_class_colour
    >>> get_class_colour(0)
    '#0077BB'
    """
    return NO_CLASS if code < 0 else CLASS_COLOURS[code % len(CLASS_COLOURS)]
