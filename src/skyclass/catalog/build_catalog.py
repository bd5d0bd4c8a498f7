"""Build a clean, labelled, sampled, split catalogue from a table of objects."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.clean import clean
from skyclass.catalog.cleaning_report import CleaningReport
from skyclass.catalog.read_table import read_raw_table, read_table
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
from skyclass.files import AnyPath
from skyclass.progress import Progress, no_progress
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup

__all__ = ["build_catalog", "get_source", "make_catalog"]


def build_catalog(
    source: AnyPath | pd.DataFrame,
    task: str,
    *,
    survey: str = DEFAULT_SURVEY,
    columns: Mapping[str, str] | None = None,
    labels: LabelConfig | None = None,
    rules: CleanConfig | None = None,
    sampling: SampleConfig | None = None,
    split: SplitConfig | None = None,
    seed: int = 1,
) -> Catalog:
    """Read, clean, label, sample and split a table of objects.

    Parameters
    ----------
    source
        File that `read_table` can read, or a table of objects.
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
    Catalog
        Its `table` has the rows kept with the columns `label` and `split`; its `report` counts the
        rows read, those dropped by each rule, the objects per split and class, and the fields, and
        measures the share of test objects in fields of training.

    Raises
    ------
    CatalogError
        If the file or its rows cannot be used.
    TaskError
        If there is no such task.

    Examples
    --------
    >>> import skyclass
    >>> catalog = skyclass.build_catalog("catalog.csv", "spectral-class")
    >>> catalog
    <Catalog: 118 objects for spectral-class: O 7, B 18, A 20, F 18, G 18, K 19, M 18>
    >>> sorted(catalog.table["split"].unique())
    ['test', 'train', 'validation']
    """
    labels = labels or LabelConfig()
    chosen = get_task(task, template_luminosity=labels.template_luminosity)
    chosen = regroup(chosen, labels.merge, labels.drop)
    if not isinstance(source, pd.DataFrame):
        source = read_raw_table(source, columns=columns, survey=survey)
    clean_table, counts = clean(source, chosen, rules, survey)
    table = sample(clean_table, sampling or SampleConfig(), seed, survey)
    table = table.assign(split=assign_splits(table, split or SplitConfig(), seed, survey))
    per_class = table["label"].value_counts()
    split_counts = count_splits(table, chosen.classes, survey)
    fields = split_counts.fields
    report = CleaningReport(
        **counts.model_dump(),
        task=task,
        survey=survey,
        sampled_from=len(clean_table),
        rows_out=len(table),
        classes={name: int(per_class.get(name, 0)) for name in chosen.classes},
        **asdict(split_counts),
        download_bytes=None if fields is None else _estimate_download(get_survey(survey), fields),
    )
    return Catalog(table, report)


def _estimate_download(survey: Survey, fields: int) -> float | None:
    """Estimate the bytes of the frames of some fields; None where their size is not known."""
    if survey.frames is None or survey.frames.typical_bytes is None:
        return None
    return len(survey.bands) * survey.frames.typical_bytes * fields


def make_catalog(
    config: ObjectsConfig,
    work: AnyPath,
    *,
    survey: str = DEFAULT_SURVEY,
    progress: Progress = no_progress,
) -> Catalog:
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
    Catalog
        As `build_catalog` returns it.

    Raises
    ------
    SkyclassError
        If the table cannot be read, fetched or used.
    """
    work = Path(work)
    path = get_source(config, work, survey=survey, progress=progress)
    table = read_raw_table(path, columns=config.catalog.columns, survey=survey)
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
    config: ObjectsConfig,
    work: Path,
    *,
    survey: str = DEFAULT_SURVEY,
    progress: Progress = no_progress,
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
