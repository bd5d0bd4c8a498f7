"""Read the colour pictures that archives draw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.frames.simulated import is_simulated
from skyclass.surveys.file_kinds import Picture, iterate_rows, select_columns
from skyclass.surveys.registry import get_file_kind
from skyclass.transfer.integrity import open_picture

__all__ = ["list_picture_paths", "read_picture"]

_LIMIT: Final = 64 * 2**20


def list_picture_paths(
    table: pd.DataFrame, kind: str, survey: SurveyConfig, picture: Picture
) -> Iterator[str]:
    """List the path of each object's picture below the directory of a download.

    Parameters
    ----------
    table
        Catalogue with `ra` and `dec` in degrees.
    kind
        Kind of file, such as ``sdss-jpeg``.
    survey, picture
        As for the download.

    Yields
    ------
    str
        One a row, in the table's order.

    Raises
    ------
    SurveyError
        As for the download.
    """
    file_kind = get_file_kind(kind)
    for row in iterate_rows(select_columns(table, file_kind)):
        (request,) = file_kind.files(row, survey, picture)
        yield request.path


def read_picture(path: Path, side: int) -> tuple[NDArray[np.uint8], bool]:
    """Read a JPEG picture.

    Parameters
    ----------
    path
        File.
    side
        Width and height it must have; a picture of another size is refused before it is decoded.

    Returns
    -------
    pixels
        Red, green and blue, `[3, y, x]`; y grows upwards, as in cutouts of frames, so the first row
        is the picture's last.
    simulated
        Whether its comment marks it as drawn from simulated frames.

    Raises
    ------
    SurveyError
        Where it is missing, or is not such a picture.
    """
    try:
        image = open_picture(path, _LIMIT, "JPEG", (side, side))
    except FileNotFoundError as error:
        raise SurveyError(
            f"{path} is missing: download the pictures, and leave out the objects that"
            " `find_missing_files` names"
        ) from error
    except SurveyError as error:
        raise SurveyError(f"{path} {error}; remove it and download it again") from error
    comment = image.info.get("comment", b"")
    pixels = np.asarray(image.convert("RGB"))[::-1]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), is_simulated([comment])
