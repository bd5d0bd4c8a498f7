"""Write the page of what holds on the real sky, and the picture of the worst mistakes.

Usage: SKYCLASS_TEST_DATA=... python docs/real_sky.py [STARS OBJECTS]

STARS and OBJECTS are directories of experiments (spectral class; object type) on a simulated sky;
by default those of the models that come with the package, which `make models` leaves in
build/models.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "benchmarks"))

import real_sky  # noqa: E402

from skyclass.images.renderer import render  # noqa: E402
from skyclass.models.predictor import load_predictor  # noqa: E402

EXPERIMENTS = [DOCS.parent / f"build/models/{name}/experiment" for name in ("stars", "objects")]
PICTURE = DOCS / "images/real-sky/mistakes.png"
SHOWN = 10
TILE = 128

HEAD = """# The real sky

Models learn from a simulated sky, because only there every class has objects in any number. What
they are worth is what holds on real objects whose class is known. This page is made by one command,
`python docs/real_sky.py`, from single SDSS exposures of stars with spectra, quasars with spectra,
galaxies, and the sources of real fields; none of these objects is used in training.
(`python benchmarks/real_sky.py STARS OBJECTS` prints the same table.) The models are those that
[come with the package](bundled-models.md), out of the experiments that `make models` leaves in
`build/models`; any other two experiments can be named. Labels of one's own are checked by
[`skyclass evaluate`](evaluation.md).
"""

FOOT = """
## Acknowledgement

Funding for the SDSS and SDSS-II was provided by the Alfred P. Sloan Foundation, the Participating
Institutions, the National Science Foundation, the U.S. Department of Energy, the National
Aeronautics and Space Administration, the Japanese Monbukagakusho, the Max Planck Society, and the
Higher Education Funding Council for England. The SDSS web site is http://www.sdss.org/.
"""

REFERENCE = """
The catalogue's colours are the reference: gradient boosting on the simulated catalogue of the same
sky, applied to the PSF fluxes that SDSS states, and to those that skyclass measures on the stamps.
g-i gives a class by the Pickles (1998) dwarfs; where it is "as measured", the model is told that
there is no extinction, so that both take the stars as they are seen.
"""

COLUMNS = """
| star | subclass | r | predicted | probability | saturated or blended |
|---|---|---|---|---|---|"""


def describe(experiment: Path) -> str:
    """Describe a model in a sentence."""
    spec = load_predictor(experiment / "model").spec
    measured = "told" if spec.measured else "not told"
    count = sum(spec.objects.get("train", {}).values())
    return (
        f"`{spec.network}` on `{spec.image_type}` for {spec.task}, {measured} what was measured,"
        f" trained on {count:,} {'simulated' if spec.simulated else 'real'} objects."
    )


def write_page(stars: Path, objects: Path) -> Iterator[str]:
    """Write the lines of the page."""
    yield HEAD
    yield "The models: " + " ".join(map(describe, (stars, objects)))
    yield "\n## What holds\n\n| real objects | n | |\n|---|---|---|"
    for row in real_sky.measure(stars, objects):
        yield f"| {row.name} | {row.n} | {row.value} |"
    yield REFERENCE
    yield "## What does not\n"
    yield from write_mistakes(stars)
    yield FOOT


def write_mistakes(stars: Path) -> Iterator[str]:
    """Write the table of confident mistakes, and draw the worst mistakes."""
    table = real_sky.find_confident_mistakes(load_predictor(stars / "model"))
    yield (
        "Exposures called a class two or more away with a probability above"
        f" {real_sky.CONFIDENT},\nand the white dwarfs, which have no class of the model:"
    )
    yield COLUMNS
    for row in table.itertuples(index=False):
        yield "| " + " | ".join(str(value) for value in row) + " |"
    draw_mistakes(stars)
    yield f"\n![The worst mistakes]({PICTURE.relative_to(DOCS).as_posix()})\n"
    yield (
        f"The {SHOWN} exposures that the model is surest of and wrong about: subclass of the\n"
        "spectrum, predicted class (SDSS pixels)."
    )


def draw_mistakes(stars: Path) -> None:
    """Draw the exposures with the most probable wrong classes."""
    model = load_predictor(stars / "model")
    labels = list(model.spec.labels)
    stamps, label = real_sky.select_stars(real_sky.read_stamps("stars_spectroscopic"), labels)
    shares = stamps.classify(model)
    predicted = shares.argmax(axis=1)
    wrong = np.flatnonzero(predicted != label)
    worst = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")][:SHOWN]
    pictures = render(stamps.arrays.flux[worst], "ugriz", offset=stamps.arrays.offset[worst])
    sheet = Image.new("RGB", (TILE * max(1, len(worst) // 2), 2 * TILE))
    for place, (row, picture) in enumerate(zip(worst, pictures, strict=True)):
        tile = Image.fromarray(picture[::-1]).resize((TILE, TILE), Image.Resampling.NEAREST)
        words = f"{stamps.table['subclass'][row]}: {labels[predicted[row]]}"
        ImageDraw.Draw(tile).text((4, 2), words, fill="white")
        sheet.paste(tile, (TILE * (place // 2), TILE * (place % 2)))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    named = [Path(name) for name in sys.argv[1:3]]
    text = "\n".join(write_page(*(named or EXPERIMENTS))).rstrip()
    (DOCS / "real-sky.md").write_text(text + "\n", encoding="utf-8")
