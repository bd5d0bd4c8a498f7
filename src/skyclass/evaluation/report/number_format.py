"""Format numbers for the report."""

from collections.abc import Callable
from typing import Final

__all__ = ["FILTERS", "judge_difference"]

_DASH: Final = "–"
_NARROW: Final = "\u202f"  # no-break space between a number and its unit
_MINUS: Final = "−"


def judge_difference(low: float, high: float) -> str:
    """Judge a difference by its interval.

    Parameters
    ----------
    low, high
        Ends of the interval.

    Returns
    -------
    str
        ``better``, ``worse`` or ``no clear difference``.
    """
    if low > 0:
        return "better"
    return "worse" if high < 0 else "no clear difference"


def _percent(value: float | None) -> str:
    """Format a share as a percentage."""
    return _DASH if value is None else f"{100 * value:.1f}{_NARROW}%"


def _points(value: float) -> str:
    """Format a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", _MINUS)


def _count(value: int) -> str:
    """Format a whole number."""
    return f"{value:,}"


def _decimal(value: float | None) -> str:
    """Format a number; a dash for None."""
    return _DASH if value is None else f"{value:.3f}"


def _chance(value: float) -> str:
    """Format a probability that may be very small."""
    return "below 0.0001" if value < 1e-4 else f"{value:.4f}"


def _short(value: float) -> str:
    """Format a number to three significant digits, but no fewer than before its point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _signed(value: float) -> str:
    """Format a declination in degrees, with its sign."""
    return f"{value:+.5f}".replace("-", _MINUS)


def _unneeded(dropped: dict[str, int]) -> str:
    """List the rules that dropped nothing."""
    return ", ".join(reason for reason, count in dropped.items() if count == 0) or "no other reason"


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "chance": _chance,
    "count": _count,
    "decimal": _decimal,
    "percent": _percent,
    "points": _points,
    "short": _short,
    "signed": _signed,
    "unneeded": _unneeded,
}
"""Filters for the templates, by name."""
