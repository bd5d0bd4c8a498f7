"""Build a clean, labelled, sampled, split catalogue from a table of objects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from skyclass.catalog.clean import clean
from skyclass.catalog.read_table import read_table
from skyclass.catalog.sample import sample
from skyclass.catalog.split import assign_splits, count_splits
from skyclass.config.sections import (
    CleanConfig,
    LabelConfig,
    ObjectsConfig,
    SampleConfig,
    SplitConfig,
)
from skyclass.errors import CatalogError
from skyclass.files import AnyPath, atomic_path
from skyclass.progress import Progress, no_progress
from skyclass.schema import IDS
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup

__all__ = [
    "build_catalog",
    "get_source",
    "make_catalog",
    "present_classes",
    "read_catalog",
    "write_catalog",
]


_ROW_GROUP: Final = 131_072
"""Rows that are encoded in memory before they are written."""


def build_catalog(
    source: AnyPath | pd.DataFrame,
    task: str,
    *,
    survey: str = "sdss",
    columns: Mapping[str, str] | None = None,
    labels: LabelConfig | None = None,
    rules: CleanConfig | None = None,
    sampling: SampleConfig | None = None,
    split: SplitConfig | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Read, clean, label, sample and split a table of objects.

    Parameters
    ----------
    source
        File that `read_table` can read, or a table that it returned.
    task
        Name of a task, or path of a task file.
    survey
        Name of the survey: its bands and key columns are looked at.
    columns
        For a column that skyclass knows, its name in the file, where that is another.
    labels, rules, sampling, split
        How objects are labelled, cleaned, sampled and split; None for the defaults.
    seed
        Seed of the sample and of the split.

    Returns
    -------
    pandas.DataFrame
        The rows kept with the columns `id`, `label` and `split`; ``attrs["skyclass"]`` tells the
        task, the rows read, the rows dropped by each rule, the objects per split and class, the
        fields and their size, and the share of test objects in fields of training.

    Raises
    ------
    CatalogError
        If the file or its rows cannot be used.
    TaskError
        If there is no such task.
    """
    labels = labels or LabelConfig()
    chosen = get_task(task, template_luminosity=labels.template_luminosity)
    chosen = regroup(chosen, labels.merge, labels.drop)
    table = (
        source
        if isinstance(source, pd.DataFrame)
        else read_table(source, columns=columns, survey=survey)
    )
    table, report = clean(table, chosen, rules, survey)
    count = len(table)
    table = sample(table, sampling or SampleConfig(), seed, survey)
    table["split"] = assign_splits(table, split or SplitConfig(), seed, survey)
    per_class = table["label"].value_counts()
    divided = count_splits(table, chosen.classes, survey)
    fields = divided["fields"]
    table.attrs["skyclass"] = {
        "task": task,
        "survey": survey,
        **report,
        "sampled_from": count,
        "rows_out": len(table),
        "classes": {name: int(per_class.get(name, 0)) for name in chosen.classes},
        **divided,
        "download_bytes": None
        if fields is None
        else _estimate_download(get_survey(survey), fields),
    }
    return table


def _estimate_download(survey: Survey, fields: int) -> float | None:
    """Estimate the bytes of the frames of some fields; None where their size is not known."""
    if survey.frames is None or survey.frames.typical_bytes is None:
        return None
    return len(survey.bands) * survey.frames.typical_bytes * fields


def make_catalog(
    config: ObjectsConfig, work: Path, *, survey: str = "sdss", progress: Progress = no_progress
) -> pd.DataFrame:
    """Build the catalogue that a configuration describes.

    Parameters
    ----------
    config
        Source of the objects, and all rules.
    work
        Folder for the answers of a query; what is there already is not asked again.
    survey
        Name of the survey.
    progress
        Called after each page of a query (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        As `build_catalog` returns it.

    Raises
    ------
    SkyclassError
        If the table cannot be read, fetched or used.
    """
    path = get_source(config, work, survey=survey, progress=progress)
    table = read_table(path, columns=config.catalog.columns, survey=survey)
    if config.clean.frame_keys == "skyserver":
        look_up = get_survey(survey).look_up_key
        if look_up is None:
            raise CatalogError(
                f"survey {survey} cannot look up {', '.join(get_survey(survey).key)}; set"
                ' clean.frame_keys = "auto"'
            )
        table = look_up(table, config.catalog, work / "frame-keys", read_table, progress)
    return build_catalog(
        table,
        config.task,
        survey=survey,
        labels=config.labels,
        rules=config.clean,
        sampling=config.sample,
        split=config.split,
        seed=config.seed,
    )


def get_source(
    config: ObjectsConfig, work: Path, *, survey: str = "sdss", progress: Progress = no_progress
) -> Path:
    """Return the file of the table; a query is run first.

    Parameters
    ----------
    config
        Source of the objects.
    work
        Folder for the answers of a query.
    survey
        Name of the survey.
    progress
        Called after each page of a query (`skyclass.progress.Progress`).

    Returns
    -------
    pathlib.Path
        An existing file.

    Raises
    ------
    SkyclassError
        If the file does not exist, or the query fails.
    """
    path = config.catalog.path
    if path is None:
        fetch = get_survey(survey).fetch_catalog
        if fetch is None:
            raise CatalogError(
                f"survey {survey} has no catalogue service; name a file of objects (catalog.path)"
            )
        return fetch(config.catalog, config.task, work, read_table, progress)
    if not path.is_file():
        raise CatalogError(f"{path} does not exist")
    return path


def write_catalog(table: pd.DataFrame, path: AnyPath) -> None:
    """Write a catalogue made by `build_catalog` as Parquet.

    Parameters
    ----------
    table
        Catalogue; its ``attrs`` are kept in the file.
    path
        ``.parquet`` file to write or replace.
    """
    path = Path(path)
    if path.suffix != ".parquet":
        raise CatalogError(
            f"{path}: a catalogue is written as Parquet; name it {path.stem}.parquet"
        )
    # numbers that hardly repeat neither gain from a dictionary nor from compression
    repeating = [
        str(name)
        for name, kind in table.dtypes.items()
        if name not in IDS and not pd.api.types.is_float_dtype(kind)
    ]
    with atomic_path(path) as partial:
        table.to_parquet(
            partial,
            index=False,
            compression=None,
            use_dictionary=repeating,
            write_statistics=False,
            row_group_size=_ROW_GROUP,
        )


def read_catalog(path: AnyPath) -> pd.DataFrame:
    """Read a catalogue that `write_catalog` wrote.

    Parameters
    ----------
    path
        Parquet file.

    Returns
    -------
    pandas.DataFrame
        With `label`, `split` and ``attrs["skyclass"]``.

    Raises
    ------
    CatalogError
        If the file is not such a catalogue.
    """
    path = Path(path)
    table = read_table(path)
    if not {"label", "split"} <= set(table.columns) or "skyclass" not in table.attrs:
        raise CatalogError(f"{path} has no labels and splits; make one with `skyclass catalog`")
    table.attrs = {"skyclass": table.attrs["skyclass"]}
    return table


def present_classes(table: pd.DataFrame) -> tuple[str, ...]:
    """List the classes that a catalogue has objects of.

    Parameters
    ----------
    table
        Catalogue made by `build_catalog`.

    Returns
    -------
    tuple of str
        In the task's order.
    """
    return tuple(name for name, count in table.attrs["skyclass"]["classes"].items() if count)
