"""Test objects to look at: which ones, their pictures, and where they are on the sky."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from skyclass.errors import EvaluationError
from skyclass.evaluation.predictions import predictions_of
from skyclass.images import open_cutouts, render

__all__ = ["ClassSamples", "Gallery", "Sample"]

_HEIGHT: Final = 96  # greatest height of a thumbnail in pixels: keeps any report well under 15 MB
_SKYSERVER: Final = "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?"
_ALADIN: Final = "https://aladin.cds.unistra.fr/AladinLite/?"


@dataclass(frozen=True)
class Sample:
    """One test object as the report shows it."""

    objid: str
    """Photometric identity; a dash where the catalogue tells none."""
    ra: float
    """Right ascension in degrees (ICRS)."""
    dec: float
    """Declination in degrees (ICRS)."""
    label: str
    """True class."""
    predicted: str
    """Most probable class."""
    probability: float
    """Probability of `predicted`."""
    picture: str
    """PNG picture as a data URI."""
    links: dict[str, str]
    """Addresses of pages about this place on the sky by their names; none for simulated objects."""


@dataclass(frozen=True)
class ClassSamples:
    """Test objects of one class."""

    label: str
    """Name of the class."""
    right: list[Sample]
    """Some that were put into it."""
    wrong: list[Sample]
    """Some that were put elsewhere."""


class Gallery:
    """The predicted test objects, to choose some of and look at.

    Parameters
    ----------
    table
        Predictions, as `predictions_table` makes them.
    cutouts
        Folder of the stored cutouts; its test split has the rows of `table` in their order.
    image_type
        Name of the image type to show.
    registration
        How the bands are registered; the image type's own way by default.
    simulated
        Whether the objects are on no real sky, so that no archive knows them.

    Raises
    ------
    EvaluationError
        Where the cutouts are not those of `table`.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        cutouts: Path,
        image_type: str,
        registration: str | None = None,
        *,
        simulated: bool,
    ) -> None:
        self._table = table
        self._cutouts = open_cutouts(cutouts, "test")
        self._offsets = self._cutouts.offsets()
        self._image_type = image_type
        self._registration = registration
        self._simulated = simulated
        self._labels, _, probabilities = predictions_of(table)
        self._probability = probabilities.max(axis=1)
        self._right = (table["label"] == table["predicted"]).to_numpy(bool)
        # a picture beside another object's numbers would go unnoticed
        for name in ("objid", "ra"):
            stored = pd.Series(self._cutouts.column(name), dtype=table[name].dtype)
            if not stored.equals(table[name].reset_index(drop=True)):
                raise EvaluationError(f"{cutouts} holds other test objects than were predicted")

    def by_class(self, most: int = 3) -> list[ClassSamples]:
        """Choose right and wrong predictions of every class at random, the same each time.

        Parameters
        ----------
        most
            Most objects of each class, right and wrong.

        Returns
        -------
        list of ClassSamples
            One a class, in the order of the classes.
        """
        order = np.random.default_rng(0).permutation(len(self._table))
        samples = []
        for label in self._labels:
            inside = (self._table["label"] == label).to_numpy(bool)
            right = order[(inside & self._right)[order]][:most]
            wrong = order[(inside & ~self._right)[order]][:most]
            samples.append(ClassSamples(label, self._show(right), self._show(wrong)))
        return samples

    def mistakes(self, most: int = 12) -> list[Sample]:
        """Choose the wrong predictions that the model was surest of.

        Parameters
        ----------
        most
            Most objects to give.

        Returns
        -------
        list of Sample
            The surest first.
        """
        order = np.argsort(-self._probability, kind="stable")
        return self._show(order[~self._right[order]][:most])

    def _show(self, rows: NDArray[np.int64]) -> list[Sample]:
        """Make the samples of some rows."""
        if len(rows) == 0:
            return []
        pictures = render(
            self._cutouts.take(rows),
            self._image_type,
            offset=self._offsets[rows],
            registration=self._registration,
        )
        return [self._sample(row, image) for row, image in zip(rows, pictures, strict=True)]

    def _sample(self, row: np.int64, image: NDArray[np.uint8]) -> Sample:
        """Make the sample of one row and its `[y, x, 3]` picture."""
        record = self._table.iloc[int(row)]
        return Sample(
            objid=record["objid"] if pd.notna(record["objid"]) else "–",
            ra=record["ra"],
            dec=record["dec"],
            label=record["label"],
            predicted=record["predicted"],
            probability=float(self._probability[row]),
            picture=_data_uri(image),
            links={} if self._simulated else _links(record["ra"], record["dec"]),
        )


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    """Encode a `[y, x, 3]` picture as PNG, y growing upwards, shrunk where it is too high."""
    image = Image.fromarray(pixels[::-1])
    image.thumbnail((image.width, _HEIGHT))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _links(ra: float, dec: float) -> dict[str, str]:
    """Give the pages of a real place on the sky."""
    aladin = {"target": f"{ra:.6f} {dec:+.6f}", "fov": "0.05", "survey": "P/SDSS9/color"}
    return {
        "SkyServer": _SKYSERVER + urlencode({"ra": f"{ra:.6f}", "dec": f"{dec:.6f}"}),
        "Aladin": _ALADIN + urlencode(aladin),
    }
