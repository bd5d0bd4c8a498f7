"""Classify ready-made colour pictures, by a model that was trained on such."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.errors import InferenceError
from skyclass.files import list_files
from skyclass.inference.result_columns import make_class_columns
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor
from skyclass.progress import Progress, Stage
from skyclass.surveys.pictures import read_picture

__all__ = ["classify_pictures", "list_pictures"]

_BATCH: Final = 64
"""Pictures that are read at once."""

_SUFFIXES: Final = (".jpg", ".jpeg")


def list_pictures(paths: Sequence[Path], spec: ModelSpec) -> list[Path]:
    """List the pictures that files and directories are or hold.

    Parameters
    ----------
    paths
        JPEG files, or directories of them.
    spec
        Model that takes pictures.

    Returns
    -------
    list of pathlib.Path
        At least one; those of a directory in the order of their names.

    Raises
    ------
    InferenceError
        If a path is no picture, or holds none.
    """
    pictures: list[Path] = []
    for path in paths:
        files = list_files(path) if path.is_dir() else [path]
        own = [file for file in files if file.suffix.lower() in _SUFFIXES]
        if not own:
            raise InferenceError(
                f"the model takes ready-made pictures ({spec.image_type}), and {path} is or holds"
                " no JPEG; for frames use a model whose image type is computed from them"
            )
        pictures += own
    return pictures


def classify_pictures(
    pictures: Sequence[Path], classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Classify pictures batch by batch.

    Parameters
    ----------
    pictures
        JPEG files, each with the object in the middle, north up, of as many pixels as the model
        takes.
    classifier
        Model that takes pictures.
    progress
        Called with the stage, pictures done and pictures in all.

    Returns
    -------
    pandas.DataFrame
        `file`, `class`, `probability`, `p_<class>` and `class_origin`, a row for each.

    Raises
    ------
    SurveyError
        If one is broken, or of another size.
    """
    tables = []
    for start in range(0, len(pictures), _BATCH):
        files = pictures[start : start + _BATCH]
        read = [read_picture(path, classifier.spec.size)[0] for path in files]
        probabilities = classifier.probabilities(np.stack(read).astype(np.float32))
        names = pd.DataFrame({"file": [str(path) for path in files]})
        classes = make_class_columns(probabilities, classifier.spec.labels)
        tables.append(pd.concat([names, classes], axis=1))
        progress(Stage.PICTURES, start + len(files), len(pictures))
    return pd.concat(tables, ignore_index=True)
