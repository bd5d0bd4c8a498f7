"""Write the page of the models that come with the package: their cards, and other nights.

Usage: python docs/bundled_models.py

Run `make models` first: the test objects of its experiments, below build/models, are changed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "benchmarks"))

import robustness  # noqa: E402

from skyclass.evaluation.intervals import wilson_interval  # noqa: E402
from skyclass.models.bundled import find_bundled_model, list_bundled_models  # noqa: E402

BUILD = DOCS.parent / "build/models"
PAGE = DOCS / "bundled-models.md"
FIRST = "## Objects it was trained on"
"""Of a card, from here on what one wants to know before using the model."""
COUNT = 600

HEAD = """# Models that come with the package

`stars` tells the spectral classes O B A F G K M apart, `objects` star, galaxy and quasar. Both
learnt from a simulated sky only. They are found by name:

```sh
skyclass classify example --out classes.fits
skyclass classify frames --model objects --out types.fits
```

```python
import skyclass

model = skyclass.load_model("stars")
```

This page is made by one command, `python docs/bundled_models.py`, from the cards that lie beside
the models and from the experiments that `make models` leaves in `build/models`: two cores take an
hour for both, every step is seeded, and a second call resumes where the first one ended. With
labels of one's own, [`skyclass evaluate`](evaluation.md) checks a model; [the real
sky](real-sky.md) says more of its mistakes. A model of one's own is [trained](training.md) from
theirs by `model.weights = "stars"`.
"""

NIGHTS = f"""
## Other nights

{COUNT} simulated test objects of each model, changed one way at a time. Each change is one of
pixels: the objects are measured again after it, on their cutouts alone, where neighbours are not
fitted with them and extinction is not told. That is why fewer are right "as they are" than in the
experiment itself, where their field is measured. 95 % intervals.
"""


def list_cards() -> Iterator[str]:
    """List the cards, from their first figures on."""
    for name in list_bundled_models():
        card = (find_bundled_model(name) / "README.md").read_text(encoding="utf-8")
        yield f"\n## `{name}`\n"
        yield (FIRST + card.partition(FIRST)[2]).replace("## ", "### ").rstrip()


def list_nights() -> Iterator[str]:
    """List the accuracies of all models under each change."""
    names = list_bundled_models()
    tables = [robustness.measure(BUILD / name / "experiment", COUNT) for name in names]
    yield f"| test objects | {' | '.join(f'`{name}` right' for name in names)} |"
    yield "|---" * (len(names) + 1) + "|"
    for rows in zip(*tables, strict=True):
        yield f"| {rows[0][0]} | {' | '.join(format_share(right) for _, right in rows)} |"


def format_share(right: NDArray[np.bool_]) -> str:
    """Format the share of objects that are right, with its interval."""
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{right.mean():.1%} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Write the page."""
    lines = [HEAD.rstrip(), *list_cards(), NIGHTS.rstrip(), "", *list_nights()]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
