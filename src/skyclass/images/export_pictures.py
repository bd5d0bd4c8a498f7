"""Export stored cutouts as PNG pictures of an image type."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from skyclass.images.cutout_info import CutoutInfo
from skyclass.images.export_paths import choose_path, make_class_folders
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.images.stored_cutouts import StoredCutouts
from skyclass.schema import IDS, POSITION

__all__ = ["make_picture_writer"]

_BATCH: Final = 256


def make_picture_writer(image_type: str, info: CutoutInfo) -> Callable[[StoredCutouts, Path], None]:
    """Build the function that writes a picture for each object.

    Parameters
    ----------
    image_type
        Name of the image type.
    info
        Description of the cutouts.

    Returns
    -------
    callable
        Takes the cutouts and the folder to write.

    Raises
    ------
    ImageError
        If the image type is unknown, or needs other bands.
    """
    get_image_type(image_type, info.survey).check_bands(info.bands)
    return partial(_write_pictures, image_type=image_type)


def _write_pictures(cutouts: StoredCutouts, out: Path, *, image_type: str) -> None:
    """Write a picture for each object."""
    info, named = cutouts.info, (*IDS, *POSITION)
    for split in cutouts:
        folders = make_class_folders(out / split, info.labels)
        columns = [*named, "flux", "offset", "label"]
        for start, batch in cutouts[split].read_batches(_BATCH, columns):
            drawn = render(
                batch["flux"].astype(np.float32),
                image_type,
                offset=batch["offset"],
                bands=info.bands,
                survey=info.survey,
            )
            for i, picture in enumerate(drawn):
                row = {key: batch[key][i] for key in named}
                path = choose_path(folders[batch["label"][i]], row, start + i, ".png")
                # y grows upwards in a cutout, downwards in a file
                Image.fromarray(picture[::-1]).save(path)
