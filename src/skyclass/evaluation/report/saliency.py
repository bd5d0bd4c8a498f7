"""Saliency: which pixels speak for and against a prediction."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.thumbnails import encode_png
from skyclass.models.classifier import Classifier

__all__ = ["Explanation", "attribute_pixels", "choose_explained", "explain"]

_STEPS: Final = 32
_BATCH: Final = 32  # pictures worked on at once: a large transformer fits in memory with these
_HEIGHT: Final = 160  # pixels of a drawn picture at most
# vermillion and blue of Okabe & Ito (https://jfly.uni-koeln.de/color)
_FOR: Final = np.array([213, 94, 0]) / 255
_AGAINST: Final = np.array([0, 114, 178]) / 255


@dataclass(frozen=True)
class Explanation:
    """Pictures that explain one object's prediction."""

    row: int
    """Row of the test objects."""
    picture: str
    """What the model saw, as a data URI."""
    map: str
    """The same in grey under its attributions, as a data URI."""


def choose_explained(
    label: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence: NDArray[np.float64],
    most: int = 6,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose some correct and some wrong predictions, the most confident of each class in turn.

    Parameters
    ----------
    label, predicted
        Indices of the true and predicted classes, `[n]`.
    confidence
        Probability of the predicted class, `[n]`.
    most
        Greatest number of objects of either kind.

    Returns
    -------
    right, wrong
        Rows.
    """
    order = np.argsort(-confidence, kind="stable")
    # rank of each object within its class
    turn = np.zeros(len(label), dtype=np.int64)
    chosen = []
    for kind in (label == predicted, label != predicted):
        rows = order[kind[order]]
        for code in np.unique(label[rows]):
            members = rows[label[rows] == code]
            turn[members] = np.arange(len(members))
        chosen.append(rows[np.argsort(turn[rows], kind="stable")][:most])
    return chosen[0], chosen[1]


def attribute_pixels(
    classifier: Classifier,
    images: Tensor,
    blank: Tensor,
    target: Tensor,
    joined: Tensor | None = None,
) -> Tensor:
    """Attribute logits to the pixels of the model input by integrated gradients.

    Parameters
    ----------
    classifier
        A trained model.
    images
        Model input, `[n, channel, y, x]`.
    blank
        Model input of an empty sky, of the same shape.
    target
        Index of the class whose logit is explained, `[n]`.
    joined
        What the head takes besides (`Classifier.compute_joined`), `[n, width]`, for a model that
        uses any; it is held fixed.

    Returns
    -------
    torch.Tensor
        `[n, channel, y, x]`; for one image they sum to the difference between its logit and that
        of `blank`, up to the error of 32 steps.

    References
    ----------
    Sundararajan, M., Taly, A. & Yan, Q. 2017, Axiomatic Attribution for Deep Networks
    (arXiv:1703.01365).
    """
    classifier.eval()
    network, head = classifier.network, classifier.head

    def logits(images: Tensor, *joined: Tensor) -> Tensor:
        values: Tensor = head(torch.cat([network.embed(images), *joined], dim=1))
        return values

    attributions: Tensor = IntegratedGradients(logits).attribute(
        images,
        blank,
        target=target,
        additional_forward_args=None if joined is None else (joined,),
        n_steps=_STEPS,
        internal_batch_size=_BATCH,
    )
    return attributions.detach()


def explain(data: ReportData, classifier: Classifier, rows: NDArray[np.int64]) -> list[Explanation]:
    """Draw which pixels speak for and against the predicted class.

    Parameters
    ----------
    data
        The experiment.
    classifier
        Its model.
    rows
        Objects.

    Returns
    -------
    list of Explanation
        In the order of `rows`.
    """
    if len(rows) == 0:
        return []
    flux = torch.from_numpy(data.cutouts.take(rows))
    offset = torch.from_numpy(data.cutouts.offsets()[rows])
    with torch.no_grad():
        images = classifier.renderer(flux, offset)
        blank = classifier.renderer(torch.zeros_like(flux), offset)
    target = torch.from_numpy(data.predicted[rows]).repeat_interleave(classifier.samples)
    joined = _compute_joined(data, classifier, rows)
    attributions = attribute_pixels(classifier, images, blank, target, joined).sum(dim=1)
    pictures = classifier.renderer.image_type.picture(images).clamp(0, 1).permute(0, 2, 3, 1)
    return [
        Explanation(int(row), *_draw(picture, weights))
        for row, picture, weights in zip(
            rows,
            _join_samples(pictures, classifier.samples).numpy(),
            _join_samples(attributions, classifier.samples).numpy(),
            strict=True,
        )
    ]


@torch.no_grad()
def _compute_joined(
    data: ReportData, classifier: Classifier, rows: NDArray[np.int64]
) -> Tensor | None:
    """Compute what the head takes beside the features of a picture, a row per picture."""
    columns, measured = (
        None if values is None else torch.from_numpy(values[rows])
        for values in (data.columns, data.measured)
    )
    joined = classifier.compute_joined(columns, measured)
    if joined is None:
        return None
    return joined.float().repeat_interleave(classifier.samples, dim=0)


def _join_samples(images: Tensor, samples: int) -> Tensor:
    """Join the samples of one object side by side, `[n, y, samples * x, ...]`."""
    together = images.reshape(-1, samples, *images.shape[1:])
    return torch.cat(list(together.unbind(1)), dim=2)


def _draw(picture: NDArray[np.float32], weights: NDArray[np.float32]) -> tuple[str, str]:
    """Draw a picture, and its attributions over its grey levels, as data URIs."""
    smooth = gaussian_filter(weights, 1.0)
    strength = smooth / max(float(np.percentile(np.abs(smooth), 99.5)), 1e-12)
    height, width = weights.shape
    if picture.shape[:2] != weights.shape:
        # a type may draw its picture smaller or larger than the model input
        resized = _make_image(picture[::-1]).resize((width, height))
        picture = np.asarray(resized, dtype=np.float32)[::-1] / np.float32(255)
    grey = 0.5 * picture.mean(axis=2, keepdims=True)
    share = np.clip(np.abs(strength), 0, 1)[..., None]
    colour = np.where(strength[..., None] > 0, _FOR, _AGAINST)
    overlay = grey * (1 - share) + colour * share
    return _encode(picture), _encode(overlay)


def _encode(pixels: NDArray[np.floating]) -> str:
    """Encode `[y, x, 3]` between 0 and 1, y growing upwards."""
    image = _make_image(pixels[::-1])
    image.thumbnail((image.width, _HEIGHT))
    return encode_png(image)


def _make_image(pixels: NDArray[np.floating]) -> Image.Image:
    """Convert values between 0 and 1 to a picture."""
    return Image.fromarray((255 * pixels + 0.5).astype(np.uint8))
