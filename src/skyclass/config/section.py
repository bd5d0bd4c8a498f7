"""What every part of a configuration file has in common."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Section", "Settings", "flatten_settings"]

Settings = dict[str, Any]
"""A table of a TOML file whose keys and values are not checked yet."""


class Section(BaseModel):
    """A part of the file; unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """List the values that differ from the defaults."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name is None or value != fields[name].get_default(call_default_factory=True):
                yield name, value


def flatten_settings(settings: Settings) -> Settings:
    """Join the names of sections and their keys with dots.

    Parameters
    ----------
    settings
        Keys and sections of a file.

    Returns
    -------
    dict
        Values by keys such as ``training.epochs``; a table inside a section is one value.

    Examples
    --------
    >>> flatten_settings({"seed": 1, "sample": {"counts": {"O": 12}}})
    {'seed': 1, 'sample.counts': {'O': 12}}
    """
    flat: Settings = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
