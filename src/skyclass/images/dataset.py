"""Cutouts on disk: a Hugging Face `DatasetDict`, written field by field."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
from datasets import Array2D, Array3D, ClassLabel, DatasetDict, Features, Value
from datasets.features.features import numpy_to_pyarrow_listarray
from numpy.typing import NDArray

from skyclass.catalog import FRAME_KEYS, IDS, POSITION, SPLITS, present_classes
from skyclass.config import CutoutConfig
from skyclass.errors import ImageError, MissingFrameError
from skyclass.files import atomic_path, make_directory
from skyclass.images.cutout import Cutouts
from skyclass.images.field import cut_objects
from skyclass.images.runners import Runner, on_threads
from skyclass.images.storage import INFO_NAME, CutoutInfo, read_info
from skyclass.survey import BANDS, Field

__all__ = ["make_cutouts"]


def make_cutouts(
    catalog: pd.DataFrame,
    frames: Path,
    out: Path,
    rules: CutoutConfig | None = None,
    *,
    run: Runner | None = None,
    replace: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CutoutInfo:
    """Cut every object of a catalogue in five bands and store the result.

    Each field is one unit of work: its five frames are read once, and all its objects are cut. A
    field that was finished before an interruption is not cut again.

    Parameters
    ----------
    catalog
        As `skyclass.catalog.build_catalog` makes it.
    frames
        Directory of frames.
    out
        Folder to write, readable by `datasets.load_from_disk`.
    rules
        Size, storage, and what is done about pixels; the defaults where not given.
    run
        Works on several fields at once: `on_threads` where not given, or `on_cluster`.
    replace
        Whether cutouts of another catalogue or other rules that lie in `out` give way.
    progress
        Called with fields done and fields in all.

    Returns
    -------
    CutoutInfo
        What was made; returned at once where `out` holds it already.

    Raises
    ------
    ImageError
        Where `out` holds something else, or no object lies on its frame.
    SurveyError
        Where a frame is missing or broken.
    """
    _require(catalog)
    rules, labels = rules or CutoutConfig(), present_classes(catalog)
    fingerprint = _fingerprint(catalog, labels, rules)
    if out.exists() and not (replace and read_info(out).fingerprint != fingerprint):
        return _existing(out, fingerprint)
    parts = make_directory(out.with_name(f"{out.name}.parts") / fingerprint)
    groups = [(_field(rows), rows) for _, rows in catalog.groupby(list(FRAME_KEYS))]
    work = partial(_write_part, parts.resolve(), frames.resolve(), rules, labels)
    (run or on_threads())(work, groups, progress)
    info = _assemble(out, parts, [field for field, _ in groups], rules, labels, fingerprint)
    shutil.rmtree(parts.parent, ignore_errors=True)
    return info


def _require(catalog: pd.DataFrame) -> None:
    """Refuse a catalogue that does not say where its objects are in the frames."""
    missing = [name for name in (*POSITION, *FRAME_KEYS) if name not in catalog]
    if missing:
        raise ImageError(
            f"the catalogue has no column {', '.join(missing)}, without which no frame can be cut"
        )


def _write_part(
    parts: Path,
    frames: Path,
    rules: CutoutConfig,
    labels: tuple[str, ...],
    field: Field,
    rows: pd.DataFrame,
) -> None:
    """Cut one field and write its objects as one Arrow file, unless it is there."""
    target = parts / f"{field}.arrow"
    if target.exists():
        return
    features = _features(labels, rules)
    schema = features.arrow_schema
    note = {"simulated": False, "off_frame": 0, "missing": 0}
    kept: pa.Table = schema.empty_table()
    try:
        ra, dec = (rows[name].to_numpy(np.float64) for name in POSITION)
        cutouts, simulated = cut_objects(frames, field, ra, dec, rules)
        kept = _table(rows, cutouts, features).filter(pa.array(cutouts.inside))
        note |= {"simulated": simulated, "off_frame": int((~cutouts.inside).sum())}
    except MissingFrameError:
        if rules.missing_band != "drop":
            raise
        note["missing"] = len(rows)
    metadata = {**(schema.metadata or {}), b"skyclass": json.dumps(note).encode()}
    with (
        atomic_path(target) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, schema.with_metadata(metadata)) as writer,
    ):
        writer.write_table(kept.cast(schema.with_metadata(metadata)))


def _field(rows: pd.DataFrame) -> Field:
    """Give the field that all of some rows lie in."""
    return Field(*(int(rows[name].iloc[0]) for name in FRAME_KEYS))


def _features(labels: tuple[str, ...], rules: CutoutConfig) -> Features:
    """Give the columns of the stored cutouts."""
    shape = (len(BANDS), rules.pixels, rules.pixels)
    return Features(
        {
            "flux": Array3D(shape=shape, dtype=rules.dtype),
            "mask": Array3D(shape=shape, dtype="bool"),
            "label": ClassLabel(names=list(labels)),
            **{name: Value("string") for name in IDS},
            "offset": Array2D(shape=(len(BANDS), 2), dtype="float32"),
            "cd": Array2D(shape=(2, 2), dtype="float64"),
            "ra": Value("float64"),
            "dec": Value("float64"),
            **{name: Value("int32") for name in FRAME_KEYS},
            "split": Value("string"),
        }
    )


def _table(rows: pd.DataFrame, cutouts: Cutouts, features: Features) -> pa.Table:
    """Put cutouts and catalogue columns into one Arrow table, whole arrays at a time."""
    schema = features.arrow_schema
    names = features["label"].names
    codes = rows["label"].map({name: code for code, name in enumerate(names)})
    columns: dict[str, Any] = {
        "flux": _tensor_column(
            _stored(cutouts.flux, features["flux"].dtype), schema.field("flux").type
        ),
        "mask": _tensor_column(cutouts.mask, schema.field("mask").type),
        "offset": _tensor_column(cutouts.offset, schema.field("offset").type),
        "cd": _tensor_column(cutouts.cd, schema.field("cd").type),
        "label": pa.array(codes.to_numpy(dtype="int64")),
    }
    for name in (*IDS, "split"):
        columns[name] = pa.array(rows[name].astype("string"), type=pa.string(), from_pandas=True)
    for name in ("ra", "dec", *FRAME_KEYS):
        columns[name] = pa.array(rows[name], type=schema.field(name).type, from_pandas=True)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _stored(flux: NDArray[np.float32], dtype: str) -> NDArray[np.floating[Any]]:
    """Give fluxes in the type they are stored in; the brightest that it can hold, not infinity."""
    if dtype == "float32":
        return flux
    most = np.finfo(dtype).max
    stored: NDArray[np.floating[Any]] = flux.clip(-most, most).astype(dtype)
    return stored


def _tensor_column(values: NDArray[Any], kind: pa.ExtensionType) -> pa.ExtensionArray:
    """Give an `[n, ...]` array as a column of fixed-shape arrays."""
    storage = numpy_to_pyarrow_listarray(values)
    return pa.ExtensionArray.from_storage(kind, storage.cast(kind.storage_type))


def _assemble(
    out: Path,
    parts: Path,
    fields: list[Field],
    rules: CutoutConfig,
    labels: tuple[str, ...],
    fingerprint: str,
) -> CutoutInfo:
    """Make one `DatasetDict` of all fields' files and move it into place."""
    paths = [parts / f"{field}.arrow" for field in fields]
    notes = [_note(path) for path in paths]
    whole = datasets.concatenate_datasets([datasets.Dataset.from_file(str(p)) for p in paths])
    if len(whole) == 0:
        raise ImageError("no object of the catalogue lies on its frames; check ra, dec and field")
    info = CutoutInfo(
        fingerprint,
        rules.pixels,
        BANDS,
        labels,
        len(fields),
        sum(note["off_frame"] for note in notes),
        sum(note["missing"] for note in notes),
        any(note["simulated"] for note in notes),
    )
    names = np.asarray(whole.data.column("split").to_pylist())
    splits = DatasetDict(
        {
            split: whole.select(np.flatnonzero(names == split)).remove_columns("split")
            for split in SPLITS
            if split in names
        }
    )
    with atomic_path(out) as temporary, _quiet():
        splits.save_to_disk(str(temporary))
        (temporary / INFO_NAME).write_text(json.dumps(asdict(info), indent=1), encoding="utf-8")
    return info


def _note(path: Path) -> dict[str, Any]:
    """Read what a field's file says of the field."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        note: dict[str, Any] = json.loads(reader.schema.metadata[b"skyclass"])
    return note


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the `datasets` library's own progress bars off the screen."""
    before = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            datasets.enable_progress_bars()


def _fingerprint(catalog: pd.DataFrame, labels: tuple[str, ...], rules: CutoutConfig) -> str:
    """Hash everything that decides what the cutouts are."""
    columns = [*IDS, "ra", "dec", *FRAME_KEYS, "label", "split"]
    rows = pd.util.hash_pandas_object(catalog[columns].astype("string"), index=False)
    digest = sha256(rows.to_numpy().tobytes())
    digest.update(json.dumps(["v2", labels, rules.model_dump()]).encode())
    return digest.hexdigest()[:16]


def _existing(out: Path, fingerprint: str) -> CutoutInfo:
    """Accept cutouts that are there already, if they are the same."""
    info = read_info(out)
    if info.fingerprint != fingerprint:
        raise ImageError(
            f"{out} holds cutouts of another catalogue or other rules;"
            " choose another folder, or remove it"
        )
    return info
