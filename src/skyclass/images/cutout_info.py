"""The description of stored cutouts, which is read without their pixels."""

import json
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.config.describe_error import describe_error
from skyclass.config.sections import StoredRules
from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.schema import DEFAULT_SURVEY

__all__ = ["FORMAT", "INFO_NAME", "CutoutInfo", "read_info"]

FORMAT: Final = 1
"""Version of the layout that is written and read: columns, their types, and the description."""

INFO_NAME: Final = "skyclass.json"
"""Name of the description inside the data set's folder."""


class CutoutInfo(BaseModel):
    """The description stored beside cutouts."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    format: Literal[1] = FORMAT
    """Version of the layout."""
    fingerprint: str
    """Hash of the catalogue's rows and all rules."""
    content: str = ""
    """Hash of the stored pixels and columns; empty for cutouts of an earlier version."""
    survey: str = DEFAULT_SURVEY
    """Name of the survey that the pixels are of."""
    size: int
    """Pixels a side."""
    bands: tuple[str, ...]
    """Order of the band axis; `COLOURS` for ready-made pictures."""
    labels: tuple[str, ...]
    """Class names in the order of the integer labels."""
    fields: int
    """Number of distinct fields, or other units of files; 0 where the catalogue has no keys."""
    off_frame: int
    """Objects left out because they do not lie on their frames."""
    missing: int
    """Objects left out because their field lacks a band."""
    simulated: bool
    """Whether the header of any frame or picture marks it as simulated."""
    rules: StoredRules | None = None
    """How they were cut out of frames; None for ready-made pictures, and for older cutouts."""

    @property
    def identity(self) -> str:
        """Hash that differs wherever the pixels do."""
        return self.content or self.fingerprint


def read_info(path: AnyPath) -> CutoutInfo:
    """Read the description of a folder of cutouts.

    Parameters
    ----------
    path
        Folder that `make_cutouts` wrote.

    Returns
    -------
    CutoutInfo
        Its description.

    Raises
    ------
    ImageError
        If the folder holds no cutouts, cutouts of another format, or a broken description.
    """
    file = Path(path) / INFO_NAME
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ImageError(f"{path} holds no cutouts made by skyclass") from error
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{file} is not valid JSON; make the cutouts again") from error
    version = values.get("format") if isinstance(values, dict) else None
    if version != FORMAT:
        other = "an earlier format" if version is None else f"format {version!r}"
        raise ImageError(
            f"{path} holds cutouts of {other}, not format {FORMAT};"
            " make them again with make_cutouts (replace=True)"
        )
    try:
        return CutoutInfo.model_validate(values)
    except ValidationError as error:
        raise ImageError(f"{file}: {describe_error(error, CutoutInfo)}") from error
