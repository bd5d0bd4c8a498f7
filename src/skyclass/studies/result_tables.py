"""The tables of a study: the comparison, classes, confusion matrices, accuracies by epoch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from skyclass.evaluation.scores import Scores
from skyclass.studies.study_results import MEASURES, CellResult, StudyResults

__all__ = ["Entry", "Section", "Table", "epochs_of", "sections_of"]

NONE: Final = "–"
UNDEFINED: Final = "undefined"

_PER_CLASS: Final = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_CURVES: Final = ("train_accuracy", "validation_accuracy")


@dataclass(frozen=True)
class Entry:
    """One entry of a table."""

    text: str
    """What stands there."""
    bold: bool = False
    """Whether it is the best of its kind."""
    shade: float = 0.0
    """How dark its ground is, 0 to 1."""


@dataclass(frozen=True)
class Table:
    """A table that says how it was made."""

    caption: str
    """What it shows and how it was made."""
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


def sections_of(results: StudyResults) -> list[Section]:
    """Make all tables of a study.

    Parameters
    ----------
    results
        Its cells, finished or not.

    Returns
    -------
    list of Section
        Those of which there is anything to show; the comparison first.
    """
    made: list[tuple[str, Callable[[Sequence[CellResult]], Table | None]]] = [
        ("Classes", lambda group: _classes(results, group)),
        ("Confusion matrices", lambda group: _confusion(results, group)),
    ]
    if results.study.learning_curves:
        made.append(("Accuracy by epoch", lambda group: _curves(results, group)))
    sections = [Section("Comparison", (_comparison(results),))]
    for title, make in made:
        tables = tuple(table for group in results.groups if (table := make(group)) is not None)
        if tables:
            sections.append(Section(title, tables))
    return sections


def _comparison(results: StudyResults) -> Table:
    """Make the table of all cells; the best of each data set is bold."""
    with_seeds = len(results.study.seeds) > 1
    beside = {m for cell in results.cells for m in cell.published.scores}
    header = ["Data set", "Images", "Model", *(["Seed"] if with_seeds else [])]
    for measure, title in MEASURES.items():
        header += [title, *([f"{title}, published"] if measure in beside else [])]
    rows = []
    for rivals in _by_data_set(results):
        for cell in rivals:
            row = [Entry(choice.label) for choice in (cell.data_set, cell.image_type, cell.model)]
            row += [Entry(str(cell.seed))] if with_seeds else []
            for measure in MEASURES:
                row.append(_ours(cell, measure, rivals))
                row += [_theirs(cell, measure, rivals)] if measure in beside else []
            rows.append(tuple(row))
        rows += _baseline(rivals, header)
    text = "Scores of the test objects with 95 % intervals; the best of each data set is bold."
    return Table(f"{text} {results.caption}", tuple(header), tuple(rows))


def _by_data_set(results: StudyResults) -> list[list[CellResult]]:
    """Group cells by data set."""
    names = dict.fromkeys(cell.data_set.name for cell in results.cells)
    return [[cell for cell in results.cells if cell.data_set.name == name] for name in names]


def _baseline(cells: Sequence[CellResult], header: Sequence[str]) -> list[tuple[Entry, ...]]:
    """Make the row of the colour baseline of a data set, where there is one."""
    found = [cell.metrics.baseline for cell in cells if cell.metrics is not None]
    scores = next((each for each in found if each), None)
    if scores is None:
        return []
    texts = {"Data set": cells[0].data_set.label, "Images": "none", "Model": "catalogue colours"}
    texts |= {title: _with_ends(scores, measure) for measure, title in MEASURES.items()}
    return [tuple(Entry(texts.get(name, NONE)) for name in header)]


def _ours(cell: CellResult, measure: str, rivals: Sequence[CellResult]) -> Entry:
    """Write a score of a cell with its interval."""
    if cell.metrics is None:
        return Entry("failed" if cell.failure else "not run")
    value = getattr(cell.metrics.test, measure)
    best = max(getattr(other.metrics.test, measure) for other in rivals if other.metrics)
    return Entry(_with_ends(cell.metrics.test, measure), bold=value == best)


def _with_ends(scores: Scores, measure: str) -> str:
    """Write a score with its interval."""
    ends = scores.ci95[measure]
    interval = f" ({ends.low:.3f} to {ends.high:.3f})" if ends else ""
    return f"{getattr(scores, measure):.4f}{interval}"


def _theirs(cell: CellResult, measure: str, rivals: Sequence[CellResult]) -> Entry:
    """Write a published score."""
    if measure not in cell.published.scores:
        return Entry(NONE)
    value = cell.published.scores[measure]
    known = [other.published.scores.get(measure, -math.inf) for other in rivals]
    return Entry(_number(value, 4), bold=value == max(known))


def _classes(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of precision, recall and F1 of each class."""
    finished = [cell for cell in group if cell.metrics is not None]
    if not finished:
        return None
    with_published = any(cell.published.per_class for cell in finished)
    header = [*_first_columns(finished), "Class"]
    for title in _PER_CLASS.values():
        header += [title, *([f"{title}, published"] if with_published else [])]
    rows = []
    for cell in finished:
        for label, scores in _scores(cell).per_class.items():
            row = [*_first_entries(cell, finished), Entry(label)]
            for measure in _PER_CLASS:
                row.append(Entry(_number(getattr(scores, measure), 2)))
                if with_published:
                    row.append(Entry(_published_of_class(cell, label, measure)))
            rows.append((*row, Entry(str(scores.support))))
    caption = f"Classes: {_place(finished[0])}. {results.caption}"
    return Table(caption, (*header, "Test objects"), tuple(rows))


def _published_of_class(cell: CellResult, label: str, measure: str) -> str:
    """Write a published score of a class."""
    key = (label, measure)
    return _number(cell.published.per_class[key], 2) if key in cell.published.per_class else NONE


def _confusion(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of confusion matrices; an entry is as dark as its share of the row."""
    finished = [cell for cell in group if cell.metrics is not None]
    if not finished:
        return None
    labels = _scores(finished[0]).labels
    rows = []
    for cell in finished:
        for label, counts in zip(labels, _scores(cell).confusion_matrix, strict=True):
            total = max(1, sum(counts))
            entries = (Entry(f"{count:,}", shade=count / total) for count in counts)
            rows.append((*_first_entries(cell, finished), Entry(label), *entries))
    caption = (
        f"Confusion matrix: {_place(finished[0])}; test objects, a row a true class, a column a"
        f" predicted one. {results.caption}"
    )
    return Table(caption, (*_first_columns(finished), "True class", *labels), tuple(rows))


def _curves(results: StudyResults, group: Sequence[CellResult]) -> Table | None:
    """Make the table of training and validation accuracies by epoch."""
    finished = [cell for cell in group if cell.history is not None]
    if not finished:
        return None
    ours = [epochs_of(cell) for cell in finished]
    last = max((epoch for found in ours for epoch, _ in found), default=0)
    header = ["Epoch"]
    for cell in finished:
        name = " ".join([cell.model.label, *_seed(cell, finished)])
        header += [name, *([f"{name}, published"] if cell.published.epochs else [])]
    rows = []
    for epoch in range(1, last + 1):
        row = [Entry(str(epoch))]
        for cell, found in zip(finished, ours, strict=True):
            row.append(Entry(_pair(found, epoch)))
            if cell.published.epochs:
                row.append(Entry(_pair(cell.published.epochs, epoch)))
        rows.append(tuple(row))
    caption = f"Training / validation accuracy: {_place(finished[0])}. {results.caption}"
    return Table(caption, tuple(header), tuple(rows))


def epochs_of(cell: CellResult) -> dict[tuple[int, str], float]:
    """Give training and validation accuracies.

    Parameters
    ----------
    cell
        Cell, trained or not.

    Returns
    -------
    dict
        By epoch, from 1, and measure.
    """
    epochs = (cell.history or {}).get("epochs", [])
    return {
        (int(each["epoch"]) + 1, name): each[name]
        for each in epochs
        for name in _CURVES
        if name in each
    }


def _pair(found: dict[tuple[int, str], float], epoch: int) -> str:
    """Write the accuracies of one epoch."""
    values = [found.get((epoch, name)) for name in _CURVES]
    if all(value is None for value in values):
        return ""
    return " / ".join(NONE if value is None else f"{value:.3f}" for value in values)


def _first_columns(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Name the columns that tell the cells of a table apart; none where there is one cell."""
    seeds = len({cell.seed for cell in cells}) > 1
    return () if len(cells) == 1 else ("Model", "Seed") if seeds else ("Model",)


def _first_entries(cell: CellResult, cells: Sequence[CellResult]) -> tuple[Entry, ...]:
    """Fill those columns."""
    entries = {"Model": cell.model.label, "Seed": str(cell.seed)}
    return tuple(Entry(entries[name]) for name in _first_columns(cells))


def _seed(cell: CellResult, cells: Sequence[CellResult]) -> list[str]:
    """Name the seed, where there are several."""
    return [f"(seed {cell.seed})"] if "Seed" in _first_columns(cells) else []


def _place(cell: CellResult) -> str:
    """Name what the cells of a group have in common."""
    return f"{cell.data_set.label}, {cell.image_type.label}"


def _scores(cell: CellResult) -> Scores:
    """Return the scores of a finished cell."""
    assert cell.metrics is not None, cell.name
    return cell.metrics.test


def _number(value: float | None, digits: int) -> str:
    """Write a score, or that it is undefined."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.{digits}f}"
