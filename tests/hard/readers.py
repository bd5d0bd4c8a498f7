"""What reads a file of a user's or a server's, with a way to make a faulty one."""

import bz2
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import skyclass
from evaluation.made import made_experiment
from hard.mutate import mutate_bytes, mutate_cards, mutate_json, mutate_table, mutate_text
from skyclass.catalog.build_catalog import build_catalog
from skyclass.config.experiment_file import read_config
from skyclass.config.migrate import migrate_config
from skyclass.errors import SkyclassError
from skyclass.evaluation.read_evaluation import read_evaluation
from skyclass.models.bundled import find_bundled_model
from skyclass.models.onnx_model import load_onnx
from skyclass.studies.study_file import read_study
from skyclass.surveys.legacysurveys.reader import open_cutout
from skyclass.surveys.legacysurveys.requests import check_cutout
from skyclass.surveys.sdss.reader import open_frame
from skyclass.surveys.sdss.requests import check_frame
from skyclass.tasks.subclass import parse_subclass
from skyclass.tasks.task_file import read_task
from skyclass.transfer.integrity import check_picture
from support.legacy_cutouts import cutout_bytes
from support.sdss_frames import KEY, frame_bytes

__all__ = ["READERS", "Reader"]

Random = random.Random

EXPERIMENT = """\
task = "spectral-class"
[catalog]
path = "catalog.csv"
[survey]
frames = "frames"
[cutouts]
size = 32
missing_band = "mask"
[split]
test = 0.2
[images]
type = "ugriz"
[model]
name = "compact"
[training]
epochs = 2
learning_rate = 1e-3
"""

STUDY = (files(skyclass) / "studies/data/manual.toml").read_text()

TASK = """\
name = "hot"
column = "subclass"
[classes]
O = ["O", "OB"]
B = ["B"]
A = ["A"]
"""

SUBCLASSES = ("F9", "F3/F5V (30743)", "M4.5:III (123657)", "CV", "sd:F0 (G_84-29)", "OB", "L5.5")

ENDINGS = (".csv", ".parquet", ".fits", ".ecsv", ".vot")


CUTOUT = cutout_bytes(np.ones((4, 8, 8), np.float32), np.ones((4, 8, 8), np.float32))


@dataclass(frozen=True)
class Reader:
    """A kind of input."""

    name: str
    """For the test's name."""
    make: Callable[[Path, Path, Random], Any]
    """From a folder of sound files, an empty folder and random numbers to the faulty input."""
    read: Callable[[Any], object]
    """Reads it; a fault may be refused by a `SkyclassError` and by nothing else."""


def _break_text(text: str, name: str) -> Callable[[Path, Path, Random], Path]:
    def make(_sound: Path, folder: Path, random_: Random) -> Path:
        path = folder / name
        text_now = mutate_text(text, random_)
        path.write_bytes(text_now.encode("utf-8", "surrogatepass"))
        return path

    return make


def _break_subclass(_sound: Path, _folder: Path, random_: Random) -> str:
    return mutate_text(random_.choice(SUBCLASSES), random_)


def _break_catalog(sound: Path, folder: Path, random_: Random) -> Path:
    ending = random_.choice(ENDINGS)
    whole, path = sound / f"catalog{ending}", folder / f"catalog{ending}"
    if ending == ".parquet" and random_.random() < 0.7:
        shutil.copy(whole, path)
        with suppress(ValueError):  # Arrow has no column of such values
            mutate_table(pd.read_parquet(whole), random_).to_parquet(path)
    elif ending in {".csv", ".ecsv", ".vot"}:
        path.write_bytes(mutate_text(whole.read_text(), random_).encode("utf-8", "surrogatepass"))
    else:
        mutate = mutate_cards if ending == ".fits" and random_.random() < 0.7 else mutate_bytes
        path.write_bytes(mutate(whole.read_bytes(), random_))
    return path


def _break_frame(_sound: Path, folder: Path, random_: Random) -> Path:
    content = bz2.decompress(frame_bytes(KEY, "r", CRVAL1=10.0, CRVAL2=1.0, NMGY=0.005))
    mutate = random_.choice((mutate_cards, mutate_cards, mutate_bytes))
    path = folder / "frame-r-000094-3-0012.fits"
    path.write_bytes(mutate(content, random_))
    return path


def _open_frame(path: Path) -> None:
    try:
        check_frame(path, KEY, "r")
    except SkyclassError:
        open_frame(path.parent, KEY, "r")
        return
    try:
        open_frame(path.parent, KEY, "r")
    except SkyclassError as error:
        raise AssertionError(f"passes the check, but cannot be opened: {error}") from error


def _break_cutout(_sound: Path, folder: Path, random_: Random) -> Path:
    mutate = random_.choice((mutate_cards, mutate_cards, mutate_bytes))
    path = folder / "cutout.fits"
    path.write_bytes(mutate(CUTOUT, random_))
    return path


def _open_cutout(path: Path) -> None:
    try:
        check_cutout(path)
    except SkyclassError:
        open_cutout(path)
        return
    try:
        open_cutout(path)
    except SkyclassError as error:
        raise AssertionError(f"passes the check, but cannot be opened: {error}") from error


def _break_model(sound: Path, folder: Path, random_: Random) -> Path:
    shutil.copytree(find_bundled_model("stars"), folder, dirs_exist_ok=True)
    spec = folder / "config.json"
    spec.write_text(mutate_json(spec.read_text(), random_))
    return folder


def _break_results(sound: Path, folder: Path, random_: Random) -> Path:
    shutil.copytree(sound / "experiment", folder, dirs_exist_ok=True)
    metrics, predictions = folder / "metrics.json", folder / "predictions.parquet"
    if random_.random() < 0.5:
        metrics.write_text(mutate_json(metrics.read_text(), random_))
    elif random_.random() < 0.2:
        predictions.write_bytes(mutate_bytes(predictions.read_bytes(), random_))
    else:
        table = mutate_table(pd.read_parquet(predictions), random_)
        with suppress(ValueError):  # Arrow has no column of such values
            table.to_parquet(predictions)
    return folder


def _read_results(folder: Path) -> None:
    results = read_evaluation(folder)
    repr(results.metrics)
    results.metrics._repr_html_()


def _break_picture(_sound: Path, folder: Path, random_: Random) -> Path:
    content = BytesIO()
    Image.effect_noise((40, 40), 60).save(content, "JPEG")
    path = folder / "picture"
    path.write_bytes(mutate_bytes(content.getvalue(), random_))
    return path


def _check_picture(path: Path) -> None:
    check_picture(path, limit=10**6, kind="JPEG", size=(40, 40))


READERS = (
    Reader("subclass", _break_subclass, lambda text: str(parse_subclass(text)).encode()),
    Reader("experiment file", _break_text(EXPERIMENT, "experiment.toml"), read_config),
    Reader("old experiment file", _break_text(EXPERIMENT, "old.toml"), migrate_config),
    Reader("task file", _break_text(TASK, "task.toml"), read_task),
    Reader("study file", _break_text(STUDY, "study.toml"), read_study),
    Reader("catalogue", _break_catalog, lambda path: build_catalog(path, "spectral-class")),
    Reader("frame", _break_frame, _open_frame),
    Reader("Legacy Surveys cutout", _break_cutout, _open_cutout),
    Reader("model", _break_model, load_onnx),
    Reader("results", _break_results, _read_results),
    Reader("picture", _break_picture, _check_picture),
)


def write_sound_files(folder: Path, catalog: Path) -> None:
    """Write the files that faults are put into."""
    table = pd.read_csv(catalog, nrows=40)
    table.to_csv(folder / "catalog.csv", index=False)
    table.to_parquet(folder / "catalog.parquet")
    from astropy.table import Table

    plain = Table.from_pandas(table)
    plain.write(folder / "catalog.fits")
    plain.write(folder / "catalog.ecsv")
    plain.write(folder / "catalog.vot", format="votable")
    made_experiment(folder / "experiment", n=30)
