"""The tables of a study: the comparison, classes, confusion matrices, accuracies by epoch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from skyclass.evaluation.scores import Scores
from skyclass.studies.study_results import MEASURES, CellResult, StudyResults

__all__ = ["Entry", "Section", "Table", "collect_accuracies", "make_sections"]

NONE: Final = "–"
UNDEFINED: Final = "undefined"

_PER_CLASS: Final = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_CURVES: Final = ("train_accuracy", "validation_accuracy")


@dataclass(frozen=True)
class Entry:
    """One entry of a table."""

    text: str
    """Text."""
    bold: bool = False
    """Whether it is the best of its kind."""
    shade: float = 0.0
    """Darkness of the background, 0 to 1."""


@dataclass(frozen=True)
class Table:
    """A table with a caption on how it was made."""

    caption: str
    """Content and provenance."""
    header: tuple[str, ...]
    """Names of the columns."""
    rows: tuple[tuple[Entry, ...], ...]
    """One entry a column."""


@dataclass(frozen=True)
class Section:
    """Tables of one kind."""

    title: str
    """Heading."""
    tables: tuple[Table, ...]
    """At least one."""


def make_sections(results: StudyResults) -> list[Section]:
    """Make all tables of a study.

    Parameters
    ----------
    results
        Its cells, finished or not.

    Returns
    -------
    list of Section
        Those that have any content; the comparison first.
    """
    makers: list[tuple[str, Callable[[Sequence[CellResult]], Table | None]]] = [
        ("Classes", lambda group: _make_class_table(results, group)),
        ("Confusion matrices", lambda group: _make_confusion_table(results, group)),
    ]
    if results.study.learning_curves:
        makers.append(("Accuracy by epoch", lambda group: _make_accuracy_table(results, group)))
    sections = [Section("Comparison", (_make_comparison(results),))]
    for title, make in makers:
        tables = tuple(table for group in results.groups if (table := make(group)) is not None)
        if tables:
            sections.append(Section(title, tables))
    return sections


def _make_comparison(results: StudyResults) -> Table:
    """Make the table of all cells; the best of each data set is bold."""
    with_seeds = len(results.study.seeds) > 1
    beside = {m for cell in results.cells for m in cell.published.scores}
    header = ["Data set", "Images", "Model", *(["Seed"] if with_seeds else [])]
    for measure, title in MEASURES.items():
        header += [title, *([f"{title}, published"] if measure in beside else [])]
    rows = []
    for rivals in _group_by_data_set(results):
        for cell in rivals:
            row = [Entry(choice.label) for choice in (cell.data_set, cell.image_type, cell.model)]
            row += [Entry(str(cell.seed))] if with_seeds else []
            for measure in MEASURES:
                row.append(_format_own(cell, measure, rivals))
                row += [_format_published(cell, measure, rivals)] if measure in beside else []
            rows.append(tuple(row))
        rows += _make_baseline_row(rivals, header)
    text = "Scores of the test objects with 95 % intervals; the best of each data set is bold."
    return Table(f"{text} {results.caption}", tuple(header), tuple(rows))


def _group_by_data_set(results: StudyResults) -> list[list[CellResult]]:
    """Group cells by data set."""
    names = dict.fromkeys(cell.data_set.name for cell in results.cells)
    return [[cell for cell in results.cells if cell.data_set.name == name] for name in names]


def _make_baseline_row(
    cells: Sequence[CellResult], header: Sequence[str]
) -> list[tuple[Entry, ...]]:
    """Make the row of the colour baseline of a data set, if there is one."""
    known = (cell.metrics.all_baselines for cell in cells if cell.metrics is not None)
    baselines = next((each for each in known if each), None)
    if baselines is None:
        return []
    name, scores = next(iter(baselines.items()))
    texts = {"Data set": cells[0].data_set.label, "Images": "none", "Model": name}
    texts |= {title: _format_interval(scores, measure) for measure, title in MEASURES.items()}
    return [tuple(Entry(texts.get(name, NONE)) for name in header)]


def _format_own(cell: CellResult, measure: str, rivals: Sequence[CellResult]) -> Entry:
    """Format a score of a cell with its interval."""
    if cell.metrics is None:
        return Entry("failed" if cell.failure else "not run")
    value = getattr(cell.metrics.test, measure)
    best = max(getattr(other.metrics.test, measure) for other in rivals if other.metrics)
    return Entry(_format_interval(cell.metrics.test, measure), bold=value == best)


def _format_interval(scores: Scores, measure: str) -> str:
    """Format a score with its interval."""
    ends = scores.ci95[measure]
    interval = f" ({ends.low:.3f} to {ends.high:.3f})" if ends else ""
    return f"{getattr(scores, measure):.4f}{interval}"


def _format_published(cell: CellResult, measure: str, rivals: Sequence[CellResult]) -> Entry:
    """Format a published score."""
    if measure not in cell.published.scores:
        return Entry(NONE)
    value = cell.published.scores[measure]
    known = [other.published.scores.get(measure, -math.inf) for other in rivals]
    return Entry(_format_number(value, 4), bold=value == max(known))


def _make_class_table(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of precision, recall and F1 of each class."""
    finished = [cell for cell in group if cell.metrics is not None]
    if not finished:
        return None
    with_published = any(cell.published.per_class for cell in finished)
    header = [*_name_first_columns(finished), "Class"]
    for title in _PER_CLASS.values():
        header += [title, *([f"{title}, published"] if with_published else [])]
    rows = []
    for cell in finished:
        for label, scores in _get_scores(cell).per_class.items():
            row = [*_fill_first_columns(cell, finished), Entry(label)]
            for measure in _PER_CLASS:
                row.append(Entry(_format_number(getattr(scores, measure), 2)))
                if with_published:
                    row.append(Entry(_format_published_class(cell, label, measure)))
            rows.append((*row, Entry(str(scores.support))))
    caption = f"Classes: {_format_group(finished[0])}. {results.caption}"
    return Table(caption, (*header, "Test objects"), tuple(rows))


def _format_published_class(cell: CellResult, label: str, measure: str) -> str:
    """Format a published score of a class."""
    key = (label, measure)
    return (
        _format_number(cell.published.per_class[key], 2)
        if key in cell.published.per_class
        else NONE
    )


def _make_confusion_table(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of confusion matrices; an entry is as dark as its share of the row."""
    finished = [cell for cell in group if cell.metrics is not None]
    if not finished:
        return None
    labels = _get_scores(finished[0]).labels
    rows = []
    for cell in finished:
        for label, counts in zip(labels, _get_scores(cell).confusion_matrix, strict=True):
            total = max(1, sum(counts))
            entries = (Entry(f"{count:,}", shade=count / total) for count in counts)
            rows.append((*_fill_first_columns(cell, finished), Entry(label), *entries))
    caption = (
        f"Confusion matrix: {_format_group(finished[0])}; test objects, a row a true class, a"
        f" column a predicted one. {results.caption}"
    )
    return Table(caption, (*_name_first_columns(finished), "True class", *labels), tuple(rows))


def _make_accuracy_table(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of training and validation accuracies by epoch."""
    finished = [cell for cell in group if cell.history is not None]
    if not finished:
        return None
    ours = [collect_accuracies(cell) for cell in finished]
    last = max((epoch for accuracies in ours for epoch, _ in accuracies), default=0)
    header = ["Epoch"]
    for cell in finished:
        name = " ".join([cell.model.label, *_format_seed(cell, finished)])
        header += [name, *([f"{name}, published"] if cell.published.epochs else [])]
    rows = []
    for epoch in range(1, last + 1):
        row = [Entry(str(epoch))]
        for cell, accuracies in zip(finished, ours, strict=True):
            row.append(Entry(_format_accuracies(accuracies, epoch)))
            if cell.published.epochs:
                row.append(Entry(_format_accuracies(cell.published.epochs, epoch)))
        rows.append(tuple(row))
    caption = f"Training / validation accuracy: {_format_group(finished[0])}. {results.caption}"
    return Table(caption, tuple(header), tuple(rows))


def collect_accuracies(cell: CellResult) -> dict[tuple[int, str], float]:
    """Collect training and validation accuracies.

    Parameters
    ----------
    cell
        Cell, trained or not.

    Returns
    -------
    dict
        By epoch, from 1, and measure.
    """
    rounds = () if cell.history is None else cell.history.epochs
    return {(each.epoch + 1, name): getattr(each, name) for each in rounds for name in _CURVES}


def _format_accuracies(accuracies: dict[tuple[int, str], float], epoch: int) -> str:
    """Format the accuracies of one epoch."""
    values = [accuracies.get((epoch, name)) for name in _CURVES]
    if all(value is None for value in values):
        return ""
    return " / ".join(NONE if value is None else f"{value:.3f}" for value in values)


def _name_first_columns(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Name the columns that distinguish the cells of a table; none for a single cell."""
    seeds = len({cell.seed for cell in cells}) > 1
    return () if len(cells) == 1 else ("Model", "Seed") if seeds else ("Model",)


def _fill_first_columns(cell: CellResult, cells: Sequence[CellResult]) -> tuple[Entry, ...]:
    """Fill those columns."""
    entries = {"Model": cell.model.label, "Seed": str(cell.seed)}
    return tuple(Entry(entries[name]) for name in _name_first_columns(cells))


def _format_seed(cell: CellResult, cells: Sequence[CellResult]) -> list[str]:
    """Format the seed, if there are several."""
    return [f"(seed {cell.seed})"] if "Seed" in _name_first_columns(cells) else []


def _format_group(cell: CellResult) -> str:
    """Format what the cells of a group have in common."""
    return f"{cell.data_set.label}, {cell.image_type.label}"


def _get_scores(cell: CellResult) -> Scores:
    """Look up the scores of a finished cell."""
    assert cell.metrics is not None, cell.name
    return cell.metrics.test


def _format_number(value: float | None, digits: int) -> str:
    """Format a score, or that it is undefined."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.{digits}f}"
