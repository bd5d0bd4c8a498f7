"""Objects that the report shows as pictures."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.saliency import choose_explained, explain
from skyclass.evaluation.report.thumbnails import Sprites, pack_thumbnails
from skyclass.images.renderer import render

__all__ = ["Gallery"]

_BATCH: Final = 256
_SAMPLES: Final = 8


class Gallery:
    """The objects that a report shows one by one.

    Parameters
    ----------
    material
        The experiment.
    rows
        Objects, in the order of the page's list.
    """

    def __init__(self, material: ReportData, rows: NDArray[np.int64]) -> None:
        self._material = material
        self.rows = rows
        """Rows of the test objects, `[m]`."""
        self.sprites: Sprites = pack_thumbnails(self._pictures())
        """Their thumbnails."""

    def facts(self, place: int) -> dict[str, Any]:
        """Tell of one object of the list.

        Parameters
        ----------
        place
            Its place in the list.

        Returns
        -------
        dict
            `place`, `name`, `ra`, `dec`, `label`, `given` and `probability`.
        """
        return {"place": place, **self._told(int(self.rows[place]))}

    def names(self, places: NDArray[np.int64]) -> list[str]:
        """Give what some objects of the list are called: their ids, or their positions."""
        return [self.facts(int(place))["name"] for place in places]

    def samples(self) -> list[dict[str, Any]]:
        """Choose objects of every class at random, the same each time.

        Returns
        -------
        list of dict
            `label`, and `objects` as `facts` tells of them.
        """
        order = np.random.default_rng(0).permutation(len(self.rows))
        true = self._material.true[self.rows[order]]
        return [
            {"label": label, "objects": [self.facts(int(i)) for i in order[true == k][:_SAMPLES]]}
            for k, label in enumerate(self._material.labels)
        ]

    def explained(self) -> dict[str, list[dict[str, Any]]]:
        """Explain some sure right and some sure wrong answers.

        Returns
        -------
        dict
            By kind, what `facts` tells of each object, with the pictures `picture` and `map`.
        """
        shown = self._material
        right, wrong = choose_explained(shown.true, shown.given, shown.confidence)
        return {
            kind: [
                {**self._told(each.row), "picture": each.picture, "map": each.map}
                for each in explain(shown, rows)
            ]
            for kind, rows in (("Right answers", right), ("Wrong answers", wrong))
        }

    def _told(self, row: int) -> dict[str, Any]:
        """Tell of one test object."""
        shown = self._material
        record = shown.table.iloc[row]
        place = f"{record['ra']:.6f} {record['dec']:+.6f}"
        return {
            "name": record["objid"] if pd.notna(record["objid"]) else place,
            "ra": record["ra"],
            "dec": record["dec"],
            "label": record["label"],
            "given": record["predicted"],
            "probability": float(shown.confidence[row]),
        }

    def _pictures(self) -> Iterator[NDArray[np.uint8]]:
        """Draw the objects as the model sees them, batch by batch."""
        shown = self._material
        offsets = shown.cutouts.offsets()
        for start in range(0, len(self.rows), _BATCH):
            part = self.rows[start : start + _BATCH]
            yield render(
                shown.cutouts.take(part),
                shown.classifier.spec.image_type,
                offset=offsets[part],
                registration=shown.classifier.spec.registration,
            )
