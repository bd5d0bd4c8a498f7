"""Cutouts on disk, part by part: small Arrow files that end as one `DatasetDict`."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Array2D, Array3D, ClassLabel, Features, Value
from datasets.features.features import numpy_to_pyarrow_listarray
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import atomic_path, make_directory
from skyclass.images.runners import Groups, Runner
from skyclass.images.split_writer import SplitsWriter
from skyclass.images.stored_cutouts import INFO_NAME, CutoutInfo, read_info
from skyclass.schema import FRAME_KEYS, IDS, POSITION, SPLITS

__all__ = ["Part", "Plan", "plan_of", "store"]


@dataclass(frozen=True)
class Part:
    """What one unit of work comes to: arrays of its `n` objects, and what is to be told of them."""

    arrays: Mapping[str, NDArray[Any]]
    """`flux` and `mask` `[n, band, y, x]`, `offset` `[n, band, 2]` and `cd` `[n, 2, 2]`."""
    kept: NDArray[np.bool_]
    """Which objects are stored, `[n]`."""
    simulated: bool = False
    """Whether a file says that it is simulated."""
    off_frame: int = 0
    """Objects left out because they do not lie on their frames."""
    missing: int = 0
    """Objects left out because their field lacks a band."""


@dataclass(frozen=True)
class Plan:
    """What is to be stored."""

    labels: tuple[str, ...]
    """Class names in the order of the integer labels."""
    bands: tuple[str, ...]
    """Order of the band axis."""
    size: int
    """Pixels a side."""
    dtype: str
    """Type that pixels are stored in."""
    keys: tuple[str, ...]
    """Those of `FRAME_KEYS` that the catalogue has."""
    fingerprint: str
    """Hash of the catalogue's rows and all rules."""

    @property
    def features(self) -> Features:
        """Columns of the stored cutouts."""
        shape = (len(self.bands), self.size, self.size)
        return Features(
            {
                "flux": Array3D(shape=shape, dtype=self.dtype),
                "mask": Array3D(shape=shape, dtype="bool"),
                "label": ClassLabel(names=list(self.labels)),
                **{name: Value("string") for name in IDS},
                "offset": Array2D(shape=(len(self.bands), 2), dtype="float32"),
                "cd": Array2D(shape=(2, 2), dtype="float64"),
                **{name: Value("float64") for name in POSITION},
                **{name: Value("int32") for name in self.keys},
                "split": Value("string"),
            }
        )


def plan_of(
    catalog: pd.DataFrame,
    labels: tuple[str, ...],
    bands: Sequence[str],
    size: int,
    dtype: str,
    rules: Mapping[str, Any],
) -> Plan:
    """Say what is to be stored of a catalogue.

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
        All else that decides what the pixels are, ready for JSON.

    Returns
    -------
    Plan
        With the hash of everything that decides what the cutouts are.
    """
    keys = tuple(name for name in FRAME_KEYS if name in catalog)
    columns = [*IDS, *POSITION, *keys, "label", "split"]
    rows = pd.util.hash_pandas_object(catalog[columns].astype("string"), index=False)
    digest = sha256(rows.to_numpy().tobytes())
    digest.update(json.dumps(["v2", labels, rules]).encode())
    return Plan(labels, tuple(bands), size, dtype, keys, digest.hexdigest()[:16])


def store(
    plan: Plan,
    out: Path,
    groups: Groups,
    work: Callable[[Any, pd.DataFrame], Part],
    run: Runner,
    *,
    replace: bool,
    progress: Callable[[int, int], None] | None,
) -> CutoutInfo:
    """Work on all groups of objects and store the result; parts done earlier are not done again.

    Parameters
    ----------
    plan
        What is to be stored.
    out
        Folder to write, readable by `datasets.load_from_disk`.
    groups
        Units of work: a name and the catalogue's rows.
    work
        Makes the pixels of a unit.
    run
        Works on several units at once.
    replace
        Whether other cutouts that lie in `out` give way.
    progress
        Called with units done and units in all.

    Returns
    -------
    CutoutInfo
        What was made; returned at once where `out` holds it already.

    Raises
    ------
    ImageError
        Where `out` holds something else, or no object can be stored.
    """
    if out.exists() and not (out / INFO_NAME).is_file():
        raise ImageError(f"{out} holds something else than cutouts; choose another folder")
    if out.exists() and not (replace and read_info(out).fingerprint != plan.fingerprint):
        return _existing(out, plan.fingerprint)
    parts = make_directory(out.with_name(f"{out.name}.parts") / plan.fingerprint)
    run(partial(_write_part, plan, parts.resolve(), work), groups, progress)
    info = _assemble(plan, out, [parts / f"{name}.arrow" for name, _ in groups])
    shutil.rmtree(parts.parent, ignore_errors=True)
    return info


def _existing(out: Path, fingerprint: str) -> CutoutInfo:
    """Accept cutouts that are there already, if they are the same."""
    info = read_info(out)
    if info.fingerprint != fingerprint:
        raise ImageError(
            f"{out} holds cutouts of another catalogue or other rules;"
            " choose another folder, or remove it"
        )
    return info


def _write_part(
    plan: Plan,
    parts: Path,
    work: Callable[[Any, pd.DataFrame], Part],
    name: Any,
    rows: pd.DataFrame,
) -> None:
    """Write the objects of one unit of work as one Arrow file, unless it is there."""
    target = parts / f"{name}.arrow"
    if target.exists():
        return
    part = work(name, rows)
    features = plan.features
    schema = features.arrow_schema
    fields = rows[list(plan.keys)].drop_duplicates().to_numpy().tolist() if plan.keys else []
    note = {key: getattr(part, key) for key in ("simulated", "off_frame", "missing")}
    told = json.dumps({**note, "fields": fields}).encode()
    schema = schema.with_metadata({**(schema.metadata or {}), b"skyclass": told})
    kept = _table(rows, part, features) if part.kept.any() else schema.empty_table()
    with (
        atomic_path(target) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        writer.write_table(kept.cast(schema))


def _table(rows: pd.DataFrame, part: Part, features: Features) -> pa.Table:
    """Put arrays and catalogue columns into one Arrow table, whole arrays at a time."""
    schema = features.arrow_schema
    codes = rows["label"].map({name: code for code, name in enumerate(features["label"].names)})
    columns: dict[str, Any] = {
        name: _tensor_column(values, schema.field(name).type)
        for name, values in part.arrays.items()
    }
    columns["label"] = pa.array(codes.to_numpy(dtype="int64"))
    for name in (*IDS, "split"):
        columns[name] = pa.array(rows[name].astype("string"), type=pa.string(), from_pandas=True)
    for name in set(schema.names) - set(columns):
        columns[name] = pa.array(rows[name], type=schema.field(name).type, from_pandas=True)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    return table if part.kept.all() else table.filter(pa.array(part.kept))


def _tensor_column(values: NDArray[Any], kind: pa.ExtensionType) -> pa.ExtensionArray:
    """Give an `[n, ...]` array as a column of fixed-shape arrays."""
    storage = numpy_to_pyarrow_listarray(values)
    return pa.ExtensionArray.from_storage(kind, storage.cast(kind.storage_type))


def _assemble(plan: Plan, out: Path, paths: list[Path]) -> CutoutInfo:
    """Make one `DatasetDict` of all parts, one after another, and move it into place."""
    features = plan.features
    del features["split"]
    sums = dict.fromkeys(("simulated", "off_frame", "missing"), 0)
    fields: set[tuple[int, ...]] = set()
    with atomic_path(out, folder=True) as temporary:
        splits = SplitsWriter(temporary, features, plan.fingerprint)
        for path in paths:
            note = _append(splits, path)
            sums = {key: count + note[key] for key, count in sums.items()}
            fields |= {tuple(field) for field in note["fields"]}
        if not splits.close():
            raise ImageError(
                "no object of the catalogue lies on its frames; check ra, dec and field"
            )
        info = CutoutInfo(
            fingerprint=plan.fingerprint,
            size=plan.size,
            bands=plan.bands,
            labels=plan.labels,
            fields=len(fields),
            off_frame=sums["off_frame"],
            missing=sums["missing"],
            simulated=bool(sums["simulated"]),
        )
        (temporary / INFO_NAME).write_text(json.dumps(asdict(info), indent=1), encoding="utf-8")
    return info


def _append(splits: SplitsWriter, path: Path) -> dict[str, Any]:
    """Append a part's rows to their splits; give what its file says of the part."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        note: dict[str, Any] = json.loads(reader.schema.metadata[b"skyclass"])
        table = reader.read_all()
        names, rows = table.column("split"), table.drop_columns("split")
        for split in SPLITS:
            # a copy: the file is closed before the rows are written
            splits.add(split, rows.filter(pc.equal(names, split)))
    return note
