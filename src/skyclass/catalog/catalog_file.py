"""The catalogue with its cleaning report, and its Parquet file."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from skyclass.catalog.cleaning_report import CleaningReport, format_report
from skyclass.catalog.read_table import read_table
from skyclass.errors import CatalogError
from skyclass.files import AnyPath, atomic_path
from skyclass.schema import IDS

__all__ = ["Catalog", "list_classes", "read_catalog", "write_catalog"]

_REPORT_KEY: Final = b"skyclass.cleaning_report"
"""Key of the Parquet file's metadata under which the cleaning report lies as JSON."""

_ROW_GROUP: Final = 131_072
"""Rows that are encoded in memory before they are written."""


@dataclass(frozen=True, repr=False)
class Catalog:
    """Clean, labelled, split objects, and what became of the rows that were read."""

    table: pd.DataFrame
    """One row per object, with the columns `label` and `split`, and `id` if some object has no
    exact `specobjid`."""
    report: CleaningReport
    """Rows read, dropped by each rule, and kept per class and split."""

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.table)

    def __repr__(self) -> str:
        """Return one line: objects, task and classes."""
        counts = ", ".join(f"{c} {n:,}" for c, n in self.report.classes.items() if n)
        return f"<Catalog: {len(self):,} objects for {self.report.task}: {counts}>"

    def _repr_html_(self) -> str:
        """Return counts by split and class, and the first rows, for a notebook."""
        counts = pd.crosstab(self.table["split"], self.table["label"])
        lines = escape("\n".join(format_report(self.report)))
        return (
            f"<p>{escape(repr(self)[1:-1])}</p>{counts.to_html()}"
            f"<details><summary>cleaning report</summary><pre>{lines}</pre></details>"
            f"{self.table.head().to_html()}"
        )


def write_catalog(catalog: Catalog, path: AnyPath) -> None:
    """Write a catalogue as Parquet, with its cleaning report in the file's metadata.

    Parameters
    ----------
    catalog
        Catalogue made by `build_catalog`.
    path
        ``.parquet`` file to write or replace.
    """
    path = Path(path)
    if path.suffix != ".parquet":
        raise CatalogError(f"{path} is no name for a catalogue; use {path.stem}.parquet")
    # numbers that hardly repeat neither gain from a dictionary nor from compression
    repeating = [
        str(name)
        for name, kind in catalog.table.dtypes.items()
        if name not in IDS and not pd.api.types.is_float_dtype(kind)
    ]
    table = pa.Table.from_pandas(catalog.table, preserve_index=False)
    report = {_REPORT_KEY: catalog.report.model_dump_json().encode()}
    with atomic_path(path) as partial:
        pq.write_table(
            table.replace_schema_metadata({**table.schema.metadata, **report}),
            partial,
            compression="none",
            use_dictionary=repeating,
            write_statistics=False,
            row_group_size=_ROW_GROUP,
        )


def read_catalog(path: AnyPath) -> Catalog:
    """Read a catalogue that `write_catalog` wrote.

    Parameters
    ----------
    path
        Parquet file.

    Returns
    -------
    Catalog
        Objects and cleaning report.

    Raises
    ------
    CatalogError
        If the file is not such a catalogue, or was written by a version without cleaning report.
    """
    report = _read_report(Path(path))
    table = read_table(path, survey=report.survey)
    label = table["label"].astype(pd.CategoricalDtype(list(report.classes)))
    return Catalog(table.assign(label=label), report)


def _read_report(path: Path) -> CleaningReport:
    """Read the cleaning report from a catalogue's metadata."""
    if not path.is_file():
        raise CatalogError(f"{path} does not exist")
    try:
        schema = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{path} is not a Parquet file; make one with build_catalog") from error
    if not {"label", "split"} <= set(schema.names):
        raise CatalogError(f"{path} has no labels and splits; make one with build_catalog")
    content = (schema.metadata or {}).get(_REPORT_KEY)
    if content is None:
        raise CatalogError(
            f"{path} has no cleaning report: another version of skyclass wrote it; build it again"
        )
    try:
        return CleaningReport.model_validate_json(content)
    except ValidationError as error:
        raise CatalogError(
            f"{path}: the cleaning report is invalid; build the catalogue again"
        ) from error


def list_classes(table: pd.DataFrame) -> tuple[str, ...]:
    """List the classes that a catalogue has objects of.

    Parameters
    ----------
    table
        Objects of a catalogue.

    Returns
    -------
    tuple of str
        In the task's order.

    Raises
    ------
    CatalogError
        If the column `label` does not hold that order.
    """
    if not isinstance(table["label"].dtype, pd.CategoricalDtype):
        raise CatalogError(
            "the catalogue's label column is not categorical; read the catalogue with read_catalog"
        )
    return tuple(table["label"].cat.remove_unused_categories().cat.categories)
