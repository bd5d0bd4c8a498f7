"""Results as JSON on standard output, for scripts."""

from typing import Any

import typer

__all__ = ["print_json"]


def print_json(result: object) -> None:
    """Print a result as JSON; what is not finite becomes null.

    Parameters
    ----------
    result
        Dataclass, pydantic model, table (printed as a list of rows), or made of what JSON knows.
    """
    from pydantic_core import to_json

    typer.echo(to_json(result, indent=1, inf_nan_mode="null", fallback=_to_plain).decode())


def _to_plain(value: Any) -> Any:
    """Turn a table into rows, and an array or a number of NumPy into Python's."""
    if hasattr(value, "columns"):
        return value.reset_index().to_dict("records")
    return value.tolist()
