"""Classes of a real SDSS field by a model trained on the simulated survey.

Usage: SKYCLASS_TEST_DATA=... python benchmarks/real_field.py MODEL_DIRECTORY PICTURE.png

Classifies the catalogued stars of field 4510-4-30 that are not saturated in any band and compares
the classes with those implied by their dereddened g-i colours, at the class boundaries of the
Pickles (1998) dwarfs through the SDSS filters. Needs matplotlib.
"""

import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from astropy.table import Table

from skyclass.images.cutout import cut_frames
from skyclass.images.renderer import render
from skyclass.measurement.measure_field import measure_field
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.saved_model import load_model
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS

BOUNDARIES = (-0.93, -0.455, 0.05, 0.49, 0.80, 1.92)
BRIGHTEST, FAINTEST = 14.5, 19.5
SATUR = 1 << 18  # of FLAGS, one word a band


def main(model: Path, picture: Path) -> None:
    data = Path(os.environ["SKYCLASS_TEST_DATA"]) / "sdss"
    frames = open_field(data / "frames", Field(301, 4510, 4, 30))
    stars = Table.read(data / "calibObj-004510-4-star.fits.gz")
    x, y = frames[2].pixel(np.array(stars["RA"]), np.array(stars["DEC"]))
    magnitude = 22.5 - 2.5 * np.log10(np.clip(np.array(stars["PSFFLUX"]), 1e-3, None))
    inside = (x > 0) & (x < 2047) & (y > 64) & (y < 1425) & (magnitude[:, 2] < FAINTEST)
    inside &= magnitude[:, 2] > BRIGHTEST
    # those that the survey flags, too: its pipeline has interpolated their cores
    inside &= ((np.array(stars["FLAGS"]) & SATUR) == 0).all(axis=1)
    stars, magnitude = stars[inside], magnitude[inside]
    ra, dec = np.array(stars["RA"]), np.array(stars["DEC"])
    cutouts = cut_frames(frames, ra, dec, 64)
    classifier = load_model(model)
    labels = classifier.spec.labels
    measured, extinction = measure_field(frames, ra, dec, SDSS), np.array(stars["EXTINCTION"])
    spec = classifier.spec
    inputs = make_measured_inputs(measured, spec, extinction) if spec.measured else None
    predicted = classifier.probabilities(cutouts.flux, cutouts.offset, measured=inputs).argmax(
        axis=1
    )
    dereddened = magnitude - extinction
    colour = dereddened[:, 1] - dereddened[:, 3]
    expected = np.digitize(colour, BOUNDARIES)
    apart = np.abs(predicted - expected)
    print(
        f"{len(stars)} stars with {BRIGHTEST} < r < {FAINTEST}: {np.mean(apart == 0):.0%} in the"
        f" class of their g-i colour, {np.mean(apart <= 1):.0%} within one class"
    )
    images = render(cutouts.flux, "ugriz", offset=cutouts.offset)
    draw(picture, labels, colour, magnitude[:, 2], predicted, images)


def draw(picture, labels, colour, r, predicted, images) -> None:
    palette = plt.get_cmap("viridis")(np.linspace(0, 0.95, len(labels)))
    figure, (plot, sheet) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for code, label in enumerate(labels):
        here = predicted == code
        if here.any():
            plot.scatter(
                colour[here],
                r[here],
                s=34,
                color=palette[code],
                edgecolor="k",
                lw=0.4,
                label=f"{label} ({here.sum()})",
            )
    for bound, label in zip(BOUNDARIES, labels[1:], strict=True):
        if bound > -1.2:
            plot.axvline(bound, color="0.7", lw=0.8, zorder=0)
            plot.text(bound + 0.03, 14.3, label, color="0.4", va="top")
    plot.set(
        xlabel="g - i (dereddened, mag)", ylabel="r (mag)", ylim=(19.7, 14.2), xlim=(-1.2, 3.4)
    )
    plot.set_title("predicted class of each star", fontsize=10)
    plot.legend(fontsize=8, loc="center left")
    order = np.argsort(colour)[np.linspace(0, len(colour) - 1, 15).astype(int)]
    tiles = images[order, 12:52, 12:52].reshape(3, 5, 40, 40, 3).transpose(0, 2, 1, 3, 4)
    sheet.imshow(tiles.reshape(120, 200, 3))
    for i, star in enumerate(order):
        sheet.text(
            40 * (i % 5) + 2, 40 * (i // 5) + 2, labels[predicted[star]], color="w", va="top"
        )
    sheet.set_axis_off()
    sheet.set_title("fifteen of them, blue to red (real SDSS pixels)", fontsize=10)
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
