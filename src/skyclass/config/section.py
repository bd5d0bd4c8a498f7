"""What every part of a configuration file has in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Section", "Settings"]

Settings = dict[str, Any]
"""A table of a TOML file whose keys and values are not checked yet."""


class Section(BaseModel):
    """A part of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
