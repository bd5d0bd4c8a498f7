"""Size of a report of 5,000 test objects, and what its parts cost.

    python benchmarks/report.py EXPERIMENT

The test objects of an experiment stand several times in the report, as if there were 5,000.
"""

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from skyclass.evaluation.report import page
from skyclass.evaluation.report.feature_map import embed, make_feature_map
from skyclass.evaluation.report.gallery import Gallery
from skyclass.evaluation.report.report_data import ReportData, read_report_data
from skyclass.evaluation.report.saliency import choose_explained, explain
from skyclass.evaluation.report.shown_objects import MOST, choose_objects
from skyclass.images.stored_cutouts import CutoutSplit

LIMIT = 15e6


class Repeated:
    """Stored cutouts that stand several times."""

    def __init__(self, cutouts: CutoutSplit, rows: np.ndarray) -> None:
        self._cutouts, self._rows = cutouts, rows

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Read some of them."""
        return self._cutouts.take(self._rows[indices])

    def offsets(self) -> np.ndarray:
        """Read where the objects lie."""
        return self._cutouts.offsets()[self._rows]


def repeated(data: ReportData, count: int) -> ReportData:
    """Repeat the test objects."""
    rows = np.arange(count) % len(data.table)
    magnitudes, field = data.magnitudes, data.field
    return dataclasses.replace(
        data,
        table=data.table.iloc[rows].reset_index(drop=True),
        label=data.label[rows],
        probabilities=data.probabilities[rows],
        cutouts=Repeated(data.cutouts, rows),
        magnitudes=None if magnitudes is None else magnitudes[rows],
        field=None if field is None else field.iloc[rows],
    )


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Do something and print how long it took."""
    start = time.perf_counter()
    result = work()
    print(f"{name:24} {time.perf_counter() - start:6.1f} s")
    return result


def main(directory: Path) -> None:
    data = repeated(read_report_data(directory), MOST)
    model = data.classifier
    rows = choose_objects(data.label, data.predicted, data.confidence)
    sprites = timed("thumbnails", lambda: Gallery(data, rows)).sprites
    right, wrong = choose_explained(data.label, data.predicted, data.confidence)
    timed("saliency of 12 objects", lambda: explain(data, model, np.concatenate([right, wrong])))
    features = timed("features of 2,000", lambda: embed(data, model, rows[:2000]))
    timed("map of 2,000", lambda: make_feature_map(features))
    template = page._make_environment().get_template("report.html.j2")
    text = timed("whole report", lambda: template.render(page._gather_context(data)))
    size = len(text.encode())
    kind = f"{sprites.width} x {sprites.height} pixels"
    print(f"{len(rows):,} objects, thumbnails of {kind}: {size / 1e6:.1f} MB")
    print(f"{'within' if size < LIMIT else 'BEYOND'} {LIMIT / 1e6:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
