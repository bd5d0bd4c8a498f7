"""How the files of a simulated survey say that they are no observations."""

from collections.abc import Iterable
from typing import Final

__all__ = ["SIMULATED", "is_simulated"]

SIMULATED: Final = "Simulated by skyclass"
"""Begins a HISTORY line of a frame, and the comment of a picture made of such frames."""


def is_simulated(texts: Iterable[object]) -> bool:
    """Tell whether a file is simulated.

    Parameters
    ----------
    texts
        Remarks in the file: lines of text, which a FITS header may hold as other objects.

    Returns
    -------
    bool
        Whether one of them says so.
    """
    return any(SIMULATED in str(text) for text in texts)
