"""Objects that the report shows as pictures."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.thumbnails import Sprites, pack_thumbnails

__all__ = ["ExplainedObject", "Gallery", "ShownObject"]

_BATCH: Final = 256
_SAMPLES: Final = 8


@dataclass(frozen=True)
class ShownObject:
    """One test object and its prediction."""

    row: int
    """Row of the test objects."""
    name: str
    """Its id, or its position if it has none."""
    ra: float
    """Right ascension in degrees (ICRS)."""
    dec: float
    """Declination in degrees (ICRS)."""
    label: str
    """True class."""
    predicted: str
    """Predicted class."""
    probability: float
    """Probability of the predicted class."""


@dataclass(frozen=True)
class ExplainedObject(ShownObject):
    """A test object whose prediction is explained."""

    picture: str
    """What the model saw, as a data URI."""
    map: str
    """The same in grey under its attributions, as a data URI."""


class Gallery:
    """The objects that a report shows one by one.

    Parameters
    ----------
    data
        The experiment.
    rows
        Objects, in the order of the page's list.
    """

    def __init__(self, data: ReportData, rows: NDArray[np.int64]) -> None:
        self._data = data
        self.rows = rows
        """Rows of the test objects, `[m]`."""
        self.sprites: Sprites | None = (
            None if data.classifier is None else pack_thumbnails(self._render())
        )
        """Their thumbnails; None where PyTorch, which draws them, is not installed."""

    def describe(self, row: int) -> ShownObject:
        """Describe a test object."""
        record = self._data.table.iloc[row]
        position = f"{record['ra']:.6f} {record['dec']:+.6f}"
        return ShownObject(
            row=row,
            name=str(record["objid"]) if pd.notna(record["objid"]) else position,
            ra=float(record["ra"]),
            dec=float(record["dec"]),
            label=str(record["label"]),
            predicted=str(record["predicted"]),
            probability=float(self._data.confidence[row]),
        )

    def describe_image_type(self) -> str | None:
        """Describe the image type; None where PyTorch is not installed."""
        if self._data.classifier is None:
            return None
        from skyclass.images.registry import get_image_type

        spec = self._data.spec
        return get_image_type(spec.image_type, spec.survey).description

    def draw_samples(self) -> dict[str, list[tuple[int, ShownObject]]]:
        """Draw objects of every class at random, reproducibly.

        Returns
        -------
        dict
            By class name, each object after its place in the page's list.
        """
        order = np.random.default_rng(0).permutation(len(self.rows))
        label = self._data.label[self.rows[order]]
        return {
            name: [
                (int(place), self.describe(int(self.rows[place])))
                for place in order[label == k][:_SAMPLES]
            ]
            for k, name in enumerate(self._data.labels)
        }

    def explain(self) -> dict[str, list[ExplainedObject]]:
        """Explain some confident predictions, correct and wrong ones.

        Returns
        -------
        dict
            Explained objects by the heading they stand under; empty where PyTorch is not installed.
        """
        data = self._data
        if data.classifier is None:
            return {}
        from skyclass.evaluation.report.saliency import choose_explained, explain

        right, wrong = choose_explained(data.label, data.predicted, data.confidence)
        return {
            heading: [
                ExplainedObject(
                    **asdict(self.describe(each.row)), picture=each.picture, map=each.map
                )
                for each in explain(data, data.classifier, rows)
            ]
            for heading, rows in (("Correct predictions", right), ("Wrong predictions", wrong))
        }

    def _render(self) -> Iterator[NDArray[np.uint8]]:
        """Render the objects as the model sees them, batch by batch."""
        from skyclass.images.renderer import render

        data = self._data
        offsets = data.cutouts.offsets()
        for start in range(0, len(self.rows), _BATCH):
            part = self.rows[start : start + _BATCH]
            yield render(
                data.cutouts.take(part),
                data.spec.image_type,
                offset=offsets[part],
                registration=data.spec.registration,
                survey=data.spec.survey,
            )
