"""File formats of figures for a paper."""

from typing import Final

from skyclass.errors import EvaluationError, nearest

__all__ = ["FORMATS", "check_format"]

FORMATS: Final = ("pdf", "png")
"""Vectors, or pixels at 300 dpi."""


def check_format(file_format: str) -> None:
    """Check that figures are written in a format.

    Parameters
    ----------
    file_format
        One of `FORMATS`.

    Raises
    ------
    EvaluationError
        If it is another.
    """
    if file_format not in FORMATS:
        raise EvaluationError(
            f"unknown file format {file_format!r}; did you mean {nearest(file_format, FORMATS)!r}?"
        )
