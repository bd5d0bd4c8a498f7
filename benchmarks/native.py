"""Networks at the size of the cutouts against the same networks on pictures of 224 pixels.

Usage: python benchmarks/native.py [--folder DIR] [--fields 2] [--objects 250] [--epochs 4]
           [--native-epochs N] [--networks compact,vit-small] [--rates-only]

Rates: images a second on the CPU, classifying and training, both sizes in turn, the best of some
rounds. Accuracy: both trained on the same simulated cutouts in the same way, and compared object
by object on the same test objects (70 % of all; 16 fields of 500 objects make 5,600). The sky is
the plain one, and the networks see the picture alone: what is compared is its size.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from skyclass.catalog.build_catalog import make_catalog
from skyclass.catalog.catalog_file import write_catalog
from skyclass.config.sections import Experiment
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.renderer import check_images
from skyclass.images.stored_cutouts import open_cutouts, read_info
from skyclass.models.classifier import Classifier
from skyclass.models.make_spec import make_spec
from skyclass.models.registry import create_network
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.survey import SDSS
from skyclass.tasks.registry import get_task
from skyclass.training.train_classifier import train_classifier

NETWORKS = ("compact", "vit-small", "mobilenet-small", "resnet-small", "vgg-small")
CHANNELS, CLASSES, NATIVE, LARGE = 5, 7, 64, 224
BATCH = 16


def print_rates(networks: tuple[str, ...], rounds: int = 3) -> None:
    print(f"images a second at {NATIVE} and {LARGE} pixels ({torch.get_num_threads()} threads):")
    for name in networks:
        row = [name.ljust(16)]
        for act in (classify, learn):
            fast, slow = (measure_best_rate(act, name, side, rounds) for side in (NATIVE, LARGE))
            row.append(f"{act.__name__} {fast:.0f} and {slow:.1f}, ratio {fast / slow:.1f}")
        print("; ".join(row), flush=True)


def measure_best_rate(
    act: Callable[[nn.Module, Tensor], None], name: str, side: int, rounds: int
) -> float:
    torch.manual_seed(1)
    network = create_network(name, CHANNELS, CLASSES, (side, side))
    network = network.to(memory_format=torch.channels_last)
    images = torch.randn(BATCH, CHANNELS, side, side)
    act(network, images)
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        act(network, images)
        taken.append(time.perf_counter() - start)
    return BATCH / min(taken)


def classify(network: nn.Module, images: Tensor) -> None:
    with torch.inference_mode():
        network.eval()(images)


def learn(network: nn.Module, images: Tensor) -> None:
    network.train()(images).square().sum().backward()


def make_experiment(survey: Path, network: str, side: int | None, epochs: int) -> Experiment:
    images = {"type": "ugriz"} | ({} if side is None else {"size": side, "resize": "bilinear"})
    return Experiment.model_validate(
        {
            "task": "spectral-class",
            "catalog": {"path": survey / "catalog.csv"},
            "survey": {"frames": survey / "frames"},
            "split": {"validation": 0.1, "test": 0.7},
            "images": images,
            "model": {"name": network, "measured": False},
            "training": {"epochs": epochs, "batch_size": 32, "patience": epochs},
        }
    )


def prepare(folder: Path, fields: int, objects: int) -> Path:
    """Simulate a survey and cut its objects, unless both lie there."""
    survey, cutouts = folder / "survey", folder / "cutouts"
    simulate(survey, fields, objects_per_field=objects, sky="plain", workers=1)
    config = make_experiment(survey, "compact", None, 1)
    if not cutouts.exists():
        catalog = make_catalog(config, folder / "query")
        write_catalog(catalog, folder / "objects.parquet")
        make_cutouts(catalog.table, survey / "frames", cutouts, config.cutouts)
    return cutouts


def train_network(
    folder: Path, cutouts: Path, network: str, side: int | None, epochs: int
) -> Classifier:
    config = make_experiment(folder / "survey", network, side, epochs)
    check_images(config.images, config.cutouts.count_pixels(SDSS.pixel_scale))
    spec = make_spec(config, get_task(config.task), read_info(cutouts), cutouts)
    out = folder / f"{network}-{side or NATIVE}"
    return train_classifier(cutouts, spec, config.training, out, augmentation=config.augmentation)


def predict(classifier: Classifier, cutouts: Path) -> np.ndarray:
    test = open_cutouts(cutouts)["test"]
    offsets = test.offsets()
    rows = np.array_split(np.arange(len(test)), max(1, len(test) // 256))
    return np.concatenate([classifier.probabilities(test.take(r), offsets[r]) for r in rows])


def print_accuracy(folder: Path, options: argparse.Namespace) -> None:
    cutouts = prepare(folder, options.fields, options.objects)
    true = open_cutouts(cutouts)["test"].label
    for name in options.networks:
        seconds, predicted = [], []
        native_epochs = options.native_epochs or options.epochs
        for side, epochs in ((None, native_epochs), (LARGE, options.epochs)):
            start = time.perf_counter()
            classifier = train_network(folder, cutouts, name, side, epochs)
            seconds.append(time.perf_counter() - start)
            predicted.append(predict(classifier, cutouts).argmax(axis=1))
        pair = compare_accuracies(true, *predicted)
        low, high = pair.ci95
        print(
            f"{name}: accuracy {pair.accuracy_a:.4f} at {NATIVE} and {pair.accuracy_b:.4f} at"
            f" {LARGE} pixels, difference {100 * pair.difference:+.2f} points"
            f" [{100 * low:+.2f}, {100 * high:+.2f}] on {pair.n} simulated test objects; training"
            f" {seconds[0]:.0f} s ({native_epochs} epochs) and {seconds[1]:.0f} s"
            f" ({options.epochs})",
            flush=True,
        )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--fields", type=int, default=2)
    parser.add_argument("--objects", type=int, default=250)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--native-epochs", type=int)
    parser.add_argument("--networks", type=lambda text: tuple(text.split(",")), default=NETWORKS)
    parser.add_argument("--rates-only", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    print_rates(options.networks)
    if options.rates_only:
        return
    with tempfile.TemporaryDirectory() as scratch:
        print_accuracy(options.folder or Path(scratch), options)


if __name__ == "__main__":
    main()
