"""Compare simulated with real fields, and write the table into docs/simulated-sky.md.

Usage: python docs/simulated_sky.py DATA      (DATA: folder of the real test data)
"""

import bz2
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skyclass.measurement.detect import detect
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag
from skyclass.simulation.simulate import simulate
from skyclass.surveys.registry import get_survey
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields, find_frame
from skyclass.surveys.sdss.reader import open_frame

PAGE = Path(__file__).with_name("simulated-sky.md")
BEGIN, END = "<!-- table made by docs/simulated_sky.py -->\n", "<!-- end of the table -->\n"

REAL = ((4510, 4, 30), (3918, 3, 213), (1992, 1, 87), (1035, 6, 17), (7264, 3, 111))
SEEDS = range(1, 6)

R = BANDS.index("r")


@dataclass(frozen=True)
class Fact:
    """A number that is compared."""

    name: str
    """What it is."""
    tolerance: float
    """Largest ratio of the medians of simulated and real fields, either way; at 0, absolute."""
    difference: float = 0.0
    """Largest difference of the medians, where the ratio says nothing."""


FACTS = (
    *(Fact(f"sky noise in {band}, nanomaggies a pixel", 1.25) for band in BANDS),
    Fact("correlation of the noise of neighbouring pixels in r", 0.0, 0.05),
    *(Fact(f"FWHM in {band}, arcsec", 1.35) for band in ("u", "r", "z")),
    Fact("size of the frame in r over that compressed by bz2", 1.15),
    Fact("stars with r < 20", 2.0),
    Fact("galaxies with r < 20", 4.0),
    Fact("concentration of galaxies with r < 20, median", 1.6),
    Fact("stars saturated in r", 0.0, 6.0),
    Fact("u-g of stars with 0.35 < g-r < 0.65, median", 0.0, 0.2),
    Fact("r-i of the same", 0.0, 0.06),
    Fact("i-z of the same", 0.0, 0.06),
    Fact("r-i of stars with 1.2 < g-r < 1.6, median", 0.0, 0.25),
)


def describe_field(root: Path, field: Field) -> list[float]:
    """Compute the `FACTS` of a field below a folder of frames."""
    survey = get_survey("sdss")
    frames = [open_frame(root, field, band) for band in BANDS]
    sources = detect(frames[R])
    ra, dec = (sources[name].to_numpy(np.float64) for name in ("ra", "dec"))
    measured = measure_field(frames, ra, dec, survey)
    flux = np.clip(measured.psf_flux.astype(np.float64), 1e-3, None)
    magnitude = 22.5 - 2.5 * np.log10(flux)
    colours = -np.diff(magnitude, axis=1)
    spread = measured.concentration[:, R]
    clean = ~measured.has(Flag.SATURATED | Flag.EDGE | Flag.BLENDED)[:, R]
    bright = clean & (magnitude[:, R] < 20.0)
    stars, galaxies = bright & (spread < 0.145), bright & (spread > 0.145)
    blue = stars & (colours[:, 1] > 0.35) & (colours[:, 1] < 0.65)
    red = stars & (colours[:, 1] > 1.2) & (colours[:, 1] < 1.6)
    return [
        *(compute_noise(frame.data) for frame in frames),
        correlate_noise(frames[R].data),
        *(float(np.nanmedian(measured.psf_fwhm[:, BANDS.index(b)])) for b in ("u", "r", "z")),
        compute_bz2_ratio(root, field),
        float(stars.sum()),
        float(galaxies.sum()),
        float(np.median(spread[galaxies])),
        float(measured.has(Flag.SATURATED)[:, R].sum()),
        *(float(np.median(colours[blue, i])) for i in (0, 2, 3)),
        float(np.median(colours[red, 2])),
    ]


def compute_noise(image: NDArray[np.float32]) -> float:
    """Compute the noise of an empty pixel: 1.48 MAD of the differences of pixels two apart."""
    difference = image[:, 2:] - image[:, :-2]
    return float(1.4826 * np.median(np.abs(difference - np.median(difference))) / np.sqrt(2.0))


def correlate_noise(image: NDArray[np.float32]) -> float:
    """Correlate neighbouring pixels in the calmest tenth of the blocks of 32 by 32 pixels."""
    rows, columns = (n // 32 * 32 for n in image.shape)
    blocks = image[:rows, :columns].reshape(rows // 32, 32, columns // 32, 32)
    level = np.median(blocks, axis=(1, 3), keepdims=True)
    residual = blocks - level
    noise = 1.4826 * np.median(np.abs(residual), axis=(1, 3), keepdims=True)
    # blocks with few outliers hold no source
    outliers = (np.abs(residual) > 2.5 * noise).mean(axis=(1, 3))
    values = residual.transpose(0, 2, 1, 3)[outliers <= np.quantile(outliers, 0.1)]
    return float(np.mean(values[:, :, 1:] * values[:, :, :-1]) / np.mean(values**2))


def compute_bz2_ratio(root: Path, field: Field) -> float:
    """Compute the size of the frame in r over that by bz2 in blocks of 900 kB, the archive's."""
    content = bz2.decompress(find_frame(root, field, "r").read_bytes())
    return len(content) / len(bz2.compress(content))


def make_table(real: NDArray[np.float64], simulated: NDArray[np.float64]) -> str:
    """Make the table from facts ``[field, fact]``."""
    lines = [
        "| | real: median (range) | simulated: median (range) | tolerance |",
        "|---|---|---|---|",
    ]
    for fact, ours, theirs in zip(FACTS, real.T, simulated.T, strict=True):
        limit = f"factor {fact.tolerance:g}" if fact.tolerance else f"± {fact.difference:g}"
        cells = [
            f"{np.median(each):.3g} ({each.min():.3g} to {each.max():.3g})"
            for each in (ours, theirs)
        ]
        lines.append(f"| {fact.name} | {cells[0]} | {cells[1]} | {limit} |")
    return "\n".join(lines) + "\n"


def agrees(fact: Fact, real: float, simulated: float) -> bool:
    """Check whether two medians agree within the tolerance of a fact."""
    if fact.tolerance:
        return 1.0 / fact.tolerance <= simulated / real <= fact.tolerance
    return abs(simulated - real) <= fact.difference


def main() -> None:
    """Measure all fields and write the table."""
    root = Path(sys.argv[1]) / "sdss/frames"
    real = np.array([describe_field(root, Field(301, *place)) for place in REAL])
    simulated = []
    with tempfile.TemporaryDirectory() as name:
        for seed in SEEDS:
            out = Path(name) / str(seed)
            # one labelled object: what is seen is the sky itself
            simulate(out, 1, seed=seed, objects_per_field=1, workers=1)
            (field,) = find_fields([out / "frames"])
            simulated.append(describe_field(out / "frames", field))
    table = make_table(real, np.array(simulated))
    print(table)
    head, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(head + BEGIN + table + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
