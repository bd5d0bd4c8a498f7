"""Try many image types on the same objects, and rank them."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations, product
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from skyclass.errors import ImageError, nearest
from skyclass.images.align_bands import align_bands
from skyclass.images.image_type import zero_invalid
from skyclass.images.registry import SHORT_NAMES, image_families
from skyclass.images.renderer import Renderer
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.sdss.layout import BANDS

__all__ = ["expand_sweep", "rank_image_types"]

_FOLDS: Final = 5
_INNER: Final = 3.0
"""Pixels from the centre within which the object is looked at."""
_OUTER: Final = 6.0
"""Pixels from the centre of the object's outskirts."""
_SKY: Final = 10.0
"""Pixels from the centre beyond which is sky."""
_VISIBLE: Final = 5.0
"""Standard deviations of the sky that a wholly visible object stands out by."""
_LUMINANCE: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


def expand_sweep(image_type: str, sweep: Sequence[str]) -> list[str]:
    """Name all image types of a sweep.

    Parameters
    ----------
    image_type
        Name in a family, such as ``lupton:irg``, or short for one, such as ``gri``.
    sweep
        Axes such as ``q=2,8,20``, ``stretch=0.1,0.5``, ``mapping=gri,irg`` or ``mapping=all``
        (every three different bands in every order, 60 in all).

    Returns
    -------
    list of str
        Every combination.

    Raises
    ------
    ImageError
        If the type has no such parameter, or an axis cannot be read.
    """
    head, *words = SHORT_NAMES.get(image_type, image_type).split(":")
    family = next((f for f in image_families() if f.name == head), None)
    if family is None:
        raise ImageError(
            f"image type {image_type!r} has nothing to sweep; use one like 'lupton:irg' or"
            " 'percentile:gri'"
        )
    axes = dict(_axis(text) for text in sweep)
    known = (*family.parameters, "mapping")
    for key in axes:
        if key not in known:
            raise ImageError(f"cannot sweep {key!r}; did you mean {nearest(key, known)!r}?")
    bands = words.pop(0) if words and "=" not in words[0] else family.bands
    mappings = axes.pop("mapping", [bands])
    fixed = [word for word in words if word.partition("=")[0] not in axes]
    names = []
    for mapping, *values in product(mappings, *axes.values()):
        changed = [f"{key}={value}" for key, value in zip(axes, values, strict=True)]
        names.append(":".join([head, mapping, *fixed, *changed]))
    return names


def rank_image_types(
    names: Sequence[str],
    flux: NDArray[np.float32],
    offset: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    bands: Sequence[str] = BANDS,
    seed: int = 1,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Rank image types by how well one sees the objects and tells their classes apart.

    An object is wholly visible where the mean brightness within 3 pixels stands out of the sky
    around by five standard deviations of that sky's pixels, and visible in proportion where it
    stands out by less. Separation is the balanced accuracy, five-fold
    cross-validated, of a linear classifier (logistic regression) on the mean of every channel
    within 3 and within 3 to 6 pixels. The score is the mean visibility times the separation.

    Parameters
    ----------
    names
        Names of image types.
    flux, offset
        Cutouts, `[n, band, y, x]` nanomaggies, and where their objects lie, `[n, band, 2]` pixels.
    labels
        Classes, `[n]`, at least two of them with two objects each.
    bands
        What stands on the band axis.
    seed
        Seed of the folds.
    progress
        Called with the stage, image types done and image types in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        `image_type`, `visible`, `separation`, `score`, best first; the index is the place, from 1.

    Raises
    ------
    ImageError
        If there are too few objects to tell classes apart, or cutouts too small to hold sky.
    """
    if flux.shape[-1] < 2 * _SKY:
        raise ImageError(
            f"ranking image types needs cutouts of at least {2 * _SKY:.0f} pixels, with sky in"
            f" them; these have {flux.shape[-1]}"
        )
    kept = np.isin(labels, [c for c, n in zip(*_counts(labels), strict=True) if n >= 2])
    if len(np.unique(labels[kept])) < 2:
        raise ImageError("ranking image types needs two classes of at least two objects each")
    flux, offset, labels = flux[kept], offset[kept], labels[kept]
    registered = _registered(torch.tensor(flux), torch.tensor(offset))
    rows = []
    for done, name in enumerate(names, 1):
        renderer = Renderer(name, bands=bands)
        images = renderer.draw(renderer.image_type.select(registered(renderer.registration), bands))
        seen = _visibility(renderer.image_type.picture(images))
        images = images.reshape(len(labels), -1, *images.shape[-2:])
        separation = _separation(_features(images), labels, seed)
        rows.append((name, seen, separation, seen * separation))
        progress(Stage.IMAGE_TYPES, done, len(names))
    table = pd.DataFrame(rows, columns=["image_type", "visible", "separation", "score"])
    table = table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return table.set_axis(range(1, len(table) + 1))


def _registered(flux: Tensor, offset: Tensor) -> Callable[[str], Tensor]:
    """Give the cutouts as a kind of registration leaves them, each made once for all types."""

    @cache
    def made(registration: str) -> Tensor:
        return (
            align_bands(zero_invalid(flux), offset)
            if registration == "shift"
            else zero_invalid(flux)
        )

    return made


def _axis(text: str) -> tuple[str, list[str]]:
    """Read one axis of a sweep."""
    key, _, values = text.partition("=")
    if not values or not all(values.split(",")):
        raise ImageError(f"cannot read the sweep {text!r}; write it like 'q=2,8,20'")
    if key == "mapping" and values == "all":
        return key, ["".join(bands) for bands in permutations(BANDS, 3)]
    return key, values.split(",")


def _counts(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the classes and how many objects each has."""
    classes, counts = np.unique(labels, return_counts=True)
    return classes, counts


def _distance(images: Tensor) -> Tensor:
    """Give every pixel's distance from the centre of the picture, `[y, x]`."""
    rows, columns = (torch.arange(n) - (n - 1) / 2 for n in images.shape[-2:])
    return torch.hypot(rows[:, None], columns)


def _mean_within(images: Tensor, area: Tensor) -> Tensor:
    """Give the mean of the pixels of an area `[y, x]`, `[...]` of `[..., y, x]`."""
    weights = area.to(images) / area.sum()
    return images.flatten(-2) @ weights.flatten()


def _visibility(pictures: Tensor) -> float:
    """Give the mean over pictures of how far the object stands out of the sky, 0 to 1."""
    weights = torch.tensor(_LUMINANCE)
    brightness = torch.einsum("ncyx,c->nyx", pictures.clamp(0, 1), weights)
    distance = _distance(pictures)
    sky = brightness[:, distance > _SKY]
    # a sky without any noise is still drawn in steps of a grey level
    noise = sky.std(dim=1) + 1 / 255
    contrast = (_mean_within(brightness, distance < _INNER) - sky.mean(1)) / noise
    return float((contrast / _VISIBLE).clamp(0, 1).mean())


def _features(images: Tensor) -> NDArray[np.float32]:
    """Give each channel's mean on the object and on its outskirts, `[n, 2 * channel]`."""
    distance = _distance(images)
    areas = distance < _INNER, (distance >= _INNER) & (distance < _OUTER)
    return torch.cat([_mean_within(images, area) for area in areas], dim=1).numpy()


def _separation(features: NDArray[Any], labels: NDArray[np.int64], seed: int) -> float:
    """Cross-validate a linear classifier."""
    folds = min(_FOLDS, int(_counts(labels)[1].min()))
    probe = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg"))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    scores = cross_val_score(probe, features, labels, cv=parts, scoring="balanced_accuracy")
    return float(scores.mean())
