"""Speed of training data: reading batches, rendering them, and the rate that a model takes.

Usage: python benchmarks/datapath.py [OBJECTS] [PIXELS]             (default 4000 64)

Random batches of 64 are read from the stored cutouts, by skyclass from the memory map and by the
`datasets` library's own numpy formatting. Then the whole data path of training (reading, turning,
aligning the bands, drawing the image type) runs against training steps of the compact network on
images that are ready. Median of 5 turns.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import torch
from features import LABELS, write_cutouts

from skyclass.config.training_sections import AugmentationConfig, TrainingConfig
from skyclass.images.augment import augment
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS
from skyclass.training.dataloader import make_loader
from skyclass.training.optimizer import make_optimizer
from skyclass.training.sampler import TrainingBatchSampler
from skyclass.training.steps import compute_steps

BATCH = 64
TURNS = 5


def rate(work: Callable[[], int]) -> float:
    """Objects a second."""
    start = time.perf_counter()
    return work() / (time.perf_counter() - start)


def main(count: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        write_cutouts(Path(name) / "cutouts", count, size)
        cutouts = open_cutouts(Path(name) / "cutouts")["train"]
        formatted = datasets.load_from_disk(str(Path(name) / "cutouts"))["train"]
        formatted = formatted.select_columns(["flux", "offset", "label"]).with_format("numpy")
        steps = compute_steps(len(cutouts), TrainingConfig(batch_size=BATCH, epochs=1))
        batches = make_loader(cutouts, TrainingBatchSampler(cutouts.label, steps, BATCH, "none", 1))
        order = [rows.tolist() for rows in batches.sampler]
        spec = ModelSpec("t", LABELS, "ugriz", "compact", size, BANDS, "nanomaggy", True, "shift")
        plain = ModelSpec("t", LABELS, "ugriz", "compact", size, BANDS, "nanomaggy", True)

        def read() -> int:
            return sum(len(batch.flux) for batch in batches)

        def read_formatted() -> int:
            return sum(len(formatted[rows]["flux"]) for rows in order[: len(order) // 4])

        def path(spec: ModelSpec) -> int:
            renderer = Classifier(spec).renderer
            done, turned = 0, AugmentationConfig()
            for number, batch in enumerate(batches):
                stream = torch.Generator().manual_seed(number)
                flux = renderer.align(batch.flux, batch.offset)
                done += len(renderer.draw(augment(flux, turned, stream, BANDS)))
            return done

        def learn() -> int:
            network = Classifier(spec).network
            optimizer = make_optimizer(network, TrainingConfig())
            images = torch.randn(BATCH, len(BANDS), size, size)
            label = torch.arange(BATCH) % len(LABELS)
            for _ in range(10):
                loss = torch.nn.functional.cross_entropy(network(images), label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return 10 * BATCH

        works = (read, read_formatted, lambda: path(spec), lambda: path(plain), learn)
        rates = np.array([[rate(work) for work in works] for _ in range(TURNS)])
    ours, theirs, registered, drawn, learnt = np.median(rates, axis=0)
    print(f"{count} objects of {size} pixels in 5 bands; objects a second, median of {TURNS} turns")
    times = np.median(rates[:, 0] / rates[:, 1])
    print(f"  reading random batches {ours:9,.0f}; by datasets {theirs:,.0f}: {times:.1f} times")
    print(f"  training steps of the compact network {learnt:,.0f}")
    for what, value, column in (
        ("reading", ours, 0),
        ("reading, turning, drawing", drawn, 3),
        ("the same with bands brought onto one grid", registered, 2),
    ):
        times = np.median(rates[:, column] / rates[:, 4])
        print(f"  {what}: {value:,.0f}, {times:.1f} times what the network takes")


if __name__ == "__main__":
    given = [int(n) for n in sys.argv[1:]]
    main(*(given + [4000, 64][len(given) :]))
