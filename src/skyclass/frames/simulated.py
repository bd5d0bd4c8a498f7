"""The mark of simulated files, which are not observations."""

from collections.abc import Iterable
from typing import Final

__all__ = ["SIMULATED", "is_simulated"]

SIMULATED: Final = "Simulated by skyclass"
"""Begins a HISTORY line of a frame, and the comment of a picture drawn from such frames."""


def is_simulated(texts: Iterable[object]) -> bool:
    """Check whether a file is marked as simulated.

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
