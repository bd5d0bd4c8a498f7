"""Compare many image types on the same objects, and rank them."""

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
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey

__all__ = ["expand_sweep", "rank_image_types"]

_FOLDS: Final = 5
_INNER: Final = 3.0
"""Radius in pixels of the object's core."""
_OUTER: Final = 6.0
"""Radius in pixels of the object's outskirts."""
_SKY: Final = 10.0
"""Radius in pixels beyond which is sky."""
_VISIBLE: Final = 5.0
"""Contrast of a fully visible object, in standard deviations of the sky."""
_LUMINANCE: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


def expand_sweep(image_type: str, sweep: Sequence[str], survey: str = DEFAULT_SURVEY) -> list[str]:
    """List the names of all image types of a sweep.

    Parameters
    ----------
    image_type
        Name in a family, such as ``lupton:irg``, or its short name, such as ``gri``.
    sweep
        Axes such as ``q=2,8,20``, ``stretch=0.1,0.5``, ``mapping=gri,irg`` or ``mapping=all``
        (every three different bands in every order, 60 of five).
    survey
        Name of the survey of the cutouts.

    Returns
    -------
    list of str
        Every combination.

    Raises
    ------
    ImageError
        If the type has no such parameter, or an axis is malformed.
    """
    source = get_survey(survey)
    head, *words = SHORT_NAMES.get(image_type, image_type).split(":")
    family = next((f for f in image_families() if f.name == head), None)
    if family is None:
        raise ImageError(
            f"image type {image_type!r} has no parameters to sweep; use one like 'lupton:irg' or"
            " 'percentile:gri'"
        )
    axes = dict(_parse_axis(text, source) for text in sweep)
    known = (*family.parameters, "mapping")
    for key in axes:
        if key not in known:
            raise ImageError(
                f"image type {image_type!r} has no parameter {key!r}; did you mean"
                f" {nearest(key, known)!r}?"
            )
    bands = words.pop(0) if words and "=" not in words[0] else family.default_bands(source)
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
    bands: Sequence[str] | None = None,
    survey: str = DEFAULT_SURVEY,
    seed: int = 1,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Rank image types by how visible the objects and how separable their classes are.

    An object is fully visible if the mean brightness within 3 pixels exceeds that of the
    surrounding sky by five standard deviations of the sky's pixels, and proportionally less visible
    if it exceeds it by less. Separation is the balanced accuracy, five-fold
    cross-validated, of a linear classifier (logistic regression) on the mean of every channel
    within 3 and within 3 to 6 pixels. The score is the mean visibility times the separation.

    Parameters
    ----------
    names
        Names of image types.
    flux, offset
        Cutouts in nanomaggies, `[n, band, y, x]`, and offsets of their objects in pixels,
        `[n, band, 2]`.
    labels
        Classes, `[n]`, at least two of them with two objects each.
    bands
        Names along the band axis; the bands of the survey if None.
    survey
        Name of the survey of the cutouts.
    seed
        Seed for the folds.
    progress
        Called with the stage, image types done and image types in all
        (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        `image_type`, `visible`, `separation`, `score`, best first; the index is the rank, from 1.

    Raises
    ------
    ImageError
        If there are too few objects to separate classes, or the cutouts are too small to hold
        sky.
    """
    if flux.shape[-1] < 2 * _SKY:
        raise ImageError(
            f"the cutouts must have at least {2 * _SKY:.0f} pixels a side to rank image types, got"
            f" {flux.shape[-1]}"
        )
    kept = np.isin(labels, [c for c, n in zip(*_count_classes(labels), strict=True) if n >= 2])
    if len(np.unique(labels[kept])) < 2:
        raise ImageError(
            "the cutouts must hold two classes of at least two objects each to rank image types"
        )
    flux, offset, labels = flux[kept], offset[kept], labels[kept]
    bands = bands or get_survey(survey).band_names
    align = _make_aligner(torch.tensor(flux), torch.tensor(offset))
    rows = []
    for done, name in enumerate(names, 1):
        renderer = Renderer(name, bands=bands, survey=survey)
        images = renderer.draw(renderer.image_type.select(align(renderer.registration), bands))
        visible = _compute_visibility(renderer.image_type.picture(images))
        images = images.reshape(len(labels), -1, *images.shape[-2:])
        separation = _compute_separation(_compute_features(images), labels, seed)
        rows.append((name, visible, separation, visible * separation))
        progress(Stage.IMAGE_TYPES, done, len(names))
    table = pd.DataFrame(rows, columns=["image_type", "visible", "separation", "score"])
    table = table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return table.set_axis(range(1, len(table) + 1))


def _make_aligner(flux: Tensor, offset: Tensor) -> Callable[[str], Tensor]:
    """Return a function that aligns the cutouts, once per kind of registration."""

    @cache
    def align(registration: str) -> Tensor:
        return (
            align_bands(zero_invalid(flux), offset)
            if registration == "shift"
            else zero_invalid(flux)
        )

    return align


def _parse_axis(text: str, survey: Survey) -> tuple[str, list[str]]:
    """Parse one axis of a sweep."""
    key, _, values = text.partition("=")
    if not values or not all(values.split(",")):
        raise ImageError(f"sweep {text!r} has no values; write it like 'q=2,8,20'")
    if key == "mapping" and values == "all":
        return key, ["".join(bands) for bands in permutations(survey.band_names, 3)]
    return key, values.split(",")


def _count_classes(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the objects of each class."""
    classes, counts = np.unique(labels, return_counts=True)
    return classes, counts


def _compute_distance(images: Tensor) -> Tensor:
    """Compute every pixel's distance from the centre of the image, `[y, x]`."""
    rows, columns = (torch.arange(n) - (n - 1) / 2 for n in images.shape[-2:])
    return torch.hypot(rows[:, None], columns)


def _average_area(images: Tensor, area: Tensor) -> Tensor:
    """Average the pixels of an area `[y, x]`: `[..., y, x]` becomes `[...]`."""
    weights = area.to(images) / area.sum()
    return images.flatten(-2) @ weights.flatten()


def _compute_visibility(pictures: Tensor) -> float:
    """Compute how far the objects stand out from the sky, 0 to 1, averaged over pictures."""
    weights = torch.tensor(_LUMINANCE)
    brightness = torch.einsum("ncyx,c->nyx", pictures.clamp(0, 1), weights)
    distance = _compute_distance(pictures)
    sky = brightness[:, distance > _SKY]
    # even a sky without noise is drawn in steps of one grey level
    noise = sky.std(dim=1) + 1 / 255
    contrast = (_average_area(brightness, distance < _INNER) - sky.mean(1)) / noise
    return float((contrast / _VISIBLE).clamp(0, 1).mean())


def _compute_features(images: Tensor) -> NDArray[np.float32]:
    """Average each channel over the object and over its outskirts, `[n, 2 * channel]`."""
    distance = _compute_distance(images)
    areas = distance < _INNER, (distance >= _INNER) & (distance < _OUTER)
    return torch.cat([_average_area(images, area) for area in areas], dim=1).numpy()


def _compute_separation(features: NDArray[Any], labels: NDArray[np.int64], seed: int) -> float:
    """Cross-validate a linear classifier; return its balanced accuracy."""
    folds = min(_FOLDS, int(_count_classes(labels)[1].min()))
    probe = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg"))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    scores = cross_val_score(probe, features, labels, cv=parts, scoring="balanced_accuracy")
    return float(scores.mean())
