"""Store cutouts, field by field: small Arrow files, joined at the end into one `DatasetDict`."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.files import atomic_path, make_directory
from skyclass.images.arrow_columns import (
    Feature,
    describe_array,
    describe_label,
    describe_list,
    describe_value,
    make_array_column,
    make_schema,
    read_arrow,
)
from skyclass.images.runners import Groups, Runner
from skyclass.images.split_writer import SplitWriter
from skyclass.images.stored_cutouts import FORMAT, INFO_NAME, CutoutInfo, find_reusable
from skyclass.measurement.measurement import Measurement
from skyclass.progress import Progress
from skyclass.schema import IDS, POSITION, SPLITS
from skyclass.surveys.survey import Survey
from skyclass.workspace import hash_file

__all__ = ["CutoutPart", "StoragePlan", "make_storage_plan", "store_cutouts"]


@dataclass(frozen=True)
class CutoutPart:
    """The cutouts of one unit of work: arrays of its `n` objects, and what to report of them."""

    arrays: Mapping[str, NDArray[Any]]
    """`flux` and `mask` `[n, band, y, x]`, `offset` `[n, band, 2]` and `cd` `[n, 2, 2]`; the fields
    of a `Measurement`, `[n, band]`, where the rules measure."""
    kept: NDArray[np.bool_]
    """Which objects are stored, `[n]`."""
    simulated: bool = False
    """Whether a file is marked as simulated."""
    off_frame: int = 0
    """Objects left out because they do not lie on their frames."""
    missing: int = 0
    """Objects left out because their field lacks a band."""


@dataclass(frozen=True)
class StoragePlan:
    """What to store: columns, their types, and the hash that identifies the cutouts."""

    labels: tuple[str, ...]
    """Class names in the order of the integer labels."""
    bands: tuple[str, ...]
    """Order of the band axis."""
    size: int
    """Pixels a side."""
    dtype: str
    """Type that pixels are stored in."""
    survey: str
    """Name of the survey."""
    keys: Mapping[str, str]
    """Those of the survey's key columns that the catalogue has, with their Arrow types."""
    fingerprint: str
    """Hash of the catalogue's rows and all rules."""
    rules: CutoutConfig | None = None
    """How frames are cut; None for ready-made pictures."""

    @property
    def features(self) -> dict[str, Feature]:
        """Columns of the stored cutouts."""
        shape = (len(self.bands), self.size, self.size)
        is_measured = self.rules is not None and self.rules.measure != "off"
        return {
            "flux": describe_array(shape, self.dtype),
            "mask": describe_array(shape, "bool"),
            "label": describe_label(self.labels),
            **{name: describe_value("string") for name in IDS},
            "offset": describe_array((len(self.bands), 2), "float32"),
            "cd": describe_array((2, 2), "float64"),
            **(_describe_measurement() if is_measured else {}),
            **{name: describe_value("float64") for name in POSITION},
            **{name: describe_value(kind) for name, kind in self.keys.items()},
        }


def _describe_measurement() -> dict[str, Feature]:
    """Describe the columns of measurements, one value for each band."""
    names = [field.name for field in fields(Measurement)]
    return {name: describe_list("int32" if name == "flags" else "float32") for name in names}


def make_storage_plan(
    catalog: pd.DataFrame,
    labels: tuple[str, ...],
    bands: Sequence[str],
    size: int,
    dtype: str,
    rules: CutoutConfig | Mapping[str, Any],
    survey: Survey,
) -> StoragePlan:
    """Describe what is to be stored of a catalogue.

    Parameters
    ----------
    catalog
        As `skyclass.build_catalog` makes it.
    labels
        Class names in the order of the integer labels.
    bands
        Order of the band axis.
    size
        Pixels a side.
    dtype
        Type that pixels are stored in.
    rules
        All other settings that decide what the pixels are: how frames are cut, or values ready
        for JSON.
    survey
        Survey of the pixels.

    Returns
    -------
    StoragePlan
        With the hash of everything that decides what the cutouts are.
    """
    keys = {name: _arrow_type(catalog[name]) for name in survey.key if name in catalog}
    columns = [*IDS, *POSITION, *keys, "label", "split"]
    rows = pd.util.hash_pandas_object(catalog[columns].astype("string"), index=False)
    digest = sha256(rows.to_numpy().tobytes())
    cut = rules if isinstance(rules, CutoutConfig) else None
    settings = rules if cut is None else cut.model_dump()
    digest.update(json.dumps([FORMAT, survey.name, labels, settings]).encode())
    fingerprint = digest.hexdigest()[:16]
    return StoragePlan(labels, tuple(bands), size, dtype, survey.name, keys, fingerprint, cut)


def _arrow_type(column: "pd.Series[Any]") -> str:
    """Choose the Arrow type of a key column."""
    if not pd.api.types.is_integer_dtype(column):
        return "string"
    return "int32" if column.abs().max() < 2**31 else "int64"


def store_cutouts(
    plan: StoragePlan,
    out: Path,
    groups: Groups,
    work: Callable[[Any, pd.DataFrame], CutoutPart],
    runner: Runner,
    *,
    replace: bool,
    progress: Progress,
) -> CutoutInfo:
    """Make the cutouts of all groups of objects and store them; finished groups are not redone.

    Parameters
    ----------
    plan
        What to store.
    out
        Folder to write, readable by `datasets.load_from_disk`.
    groups
        Units of work: a name and the catalogue's rows.
    work
        Function that makes the pixels of a unit.
    runner
        Function that works on several units at once.
    replace
        Whether other cutouts in `out` are replaced.
    progress
        Called with the stage, units done and units in all.

    Returns
    -------
    CutoutInfo
        Description of the cutouts; returned at once if `out` holds them already.

    Raises
    ------
    ImageError
        If `out` holds something else, or no object can be stored.
    """
    existing = find_reusable(out, plan.fingerprint, replace=replace)
    if existing is not None:
        return existing
    parts = make_directory(out.with_name(f"{out.name}.parts") / plan.fingerprint)
    runner(partial(_write_part, plan, parts.resolve(), work), groups, progress)
    info = _assemble(plan, out, [parts / f"{name}.arrow" for name, _ in groups])
    shutil.rmtree(parts.parent, ignore_errors=True)
    return info


def _write_part(
    plan: StoragePlan,
    parts: Path,
    work: Callable[[Any, pd.DataFrame], CutoutPart],
    name: Any,
    rows: pd.DataFrame,
) -> None:
    """Write the objects of one unit of work as one Arrow file, unless it exists."""
    target = parts / f"{name}.arrow"
    if target.exists():
        return
    part = work(name, rows)
    schema = make_schema({**plan.features, "split": describe_value("string")})
    fields = rows[list(plan.keys)].drop_duplicates().to_numpy().tolist() if plan.keys else []
    note = {key: getattr(part, key) for key in ("simulated", "off_frame", "missing")}
    metadata = json.dumps({**note, "fields": fields}).encode()
    schema = schema.with_metadata({b"skyclass": metadata})
    kept = _make_table(rows, part, plan.labels, schema) if part.kept.any() else schema.empty_table()
    with (
        atomic_path(target) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        writer.write_table(kept)


def _make_table(
    rows: pd.DataFrame, part: CutoutPart, labels: Sequence[str], schema: pa.Schema
) -> pa.Table:
    """Combine arrays and catalogue columns into one Arrow table, whole arrays at a time."""
    codes = rows["label"].map({name: code for code, name in enumerate(labels)})
    columns: dict[str, Any] = {
        name: make_array_column(values).cast(schema.field(name).type)
        for name, values in part.arrays.items()
    }
    columns["label"] = pa.array(codes.to_numpy(dtype="int64"))
    for name in (*IDS, "split"):
        columns[name] = pa.array(rows[name].astype("string"), type=pa.string(), from_pandas=True)
    for name in set(schema.names) - set(columns):
        columns[name] = pa.array(rows[name], type=schema.field(name).type, from_pandas=True)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    return table if part.kept.all() else table.filter(pa.array(part.kept))


def _assemble(plan: StoragePlan, out: Path, paths: list[Path]) -> CutoutInfo:
    """Join all parts, one after another, into one `DatasetDict`, and move it into place."""
    sums = dict.fromkeys(("simulated", "off_frame", "missing"), 0)
    fields: set[tuple[int | str, ...]] = set()
    with atomic_path(out, folder=True) as temporary:
        splits = SplitWriter(temporary, plan.features, plan.fingerprint)
        for path in paths:
            note = _append(splits, path)
            sums = {key: count + note[key] for key, count in sums.items()}
            fields |= {tuple(field) for field in note["fields"]}
        if not splits.close():
            raise ImageError(
                "no object of the catalogue lies on its frames; check ra, dec and"
                f" {', '.join(plan.keys) or 'the files of the objects'}"
            )
        info = CutoutInfo(
            fingerprint=plan.fingerprint,
            content=_hash_content(temporary),
            survey=plan.survey,
            size=plan.size,
            bands=plan.bands,
            labels=plan.labels,
            fields=len(fields),
            off_frame=sums["off_frame"],
            missing=sums["missing"],
            simulated=bool(sums["simulated"]),
            rules=plan.rules,
        )
        (temporary / INFO_NAME).write_text(info.model_dump_json(indent=1), encoding="utf-8")
    return info


def _hash_content(folder: Path) -> str:
    """Hash the rows of all splits."""
    digest = sha256()
    for path in sorted(folder.glob("*/*.arrow")):
        digest.update(f"{path.parent.name} {hash_file(path)}".encode())
    return digest.hexdigest()[:16]


def _append(splits: SplitWriter, path: Path) -> dict[str, Any]:
    """Append the rows of a part to their splits, and return the metadata of its file."""
    table = read_arrow(path)
    note: dict[str, Any] = json.loads(table.schema.metadata[b"skyclass"])
    names, rows = table.column("split"), table.drop_columns("split")
    for split in SPLITS:
        # a copy: rows that wait to be written hold no file open
        splits.add(split, rows.filter(pc.equal(names, split)))
    return note
