"""Results as JSON on standard output, for scripts."""

import json
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
    from pydantic_core import to_jsonable_python

    values = to_jsonable_python(result, inf_nan_mode="null", fallback=_to_plain)
    typer.echo(json.dumps(values, indent=1, allow_nan=False))


def _to_plain(value: Any) -> Any:
    """Turn a table into rows, and an array or a number of NumPy into Python's."""
    if hasattr(value, "columns"):
        return value.reset_index().to_dict("records")
    return value.tolist()
