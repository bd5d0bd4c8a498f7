"""One trained model in PyTorch, onnxruntime and OpenVINO, in 32 and 8 bits.

Usage: python benchmarks/runtimes.py [--folder DIR] [--fields 2] [--objects 250] [--epochs 4]
           [--networks compact,resnet-small]

Needs onnx, onnxscript, onnxruntime and, for its rows, openvino. Every runtime takes the whole
model, from raw cutouts to probabilities, as `export_onnx` writes it; in 8 bits its layers of
weights are, calibrated on training cutouts (static quantisation, QDQ). Every row says how fast it
is on the CPU in turn with the others, and how its answers to the same test objects differ from
PyTorch's. A runtime is worth taking where the interval of the difference holds nothing but zero.
Batches run side by side on all cores; for one core each, keep the process on one (`taskset -c 0`).
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from native import parse_options, prepare, train_network

from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.images.stored_cutouts import CutoutSplit, open_cutouts
from skyclass.models.classifier import Classifier
from skyclass.models.export_onnx import export_onnx
from skyclass.models.graph_classifier import list_inputs
from skyclass.models.onnx_model import OnnxClassifier
from skyclass.models.openvino_model import OpenVinoClassifier, write_openvino
from skyclass.models.predictor import Predictor
from skyclass.models.quantise import quantise

BATCH = 64
CALIBRATION = 4
"""Batches of training cutouts that the 8-bit model is calibrated on."""

Batch = dict[str, np.ndarray]
Runtime = Callable[[Batch], np.ndarray]


def read_batches(classifier: Classifier, cutouts: CutoutSplit) -> Iterator[Batch]:
    """Read whole batches."""
    offsets = cutouts.offsets()
    for start in range(0, len(cutouts) - BATCH + 1, BATCH):
        rows = np.arange(start, start + BATCH)
        batch = {"flux": cutouts.take(rows).astype(np.float32), "offset": offsets[rows]}
        yield {name: batch[name] for name in list_inputs(classifier.spec)}


def make_runtime(predictor: Predictor) -> Runtime:
    return lambda batch: predictor.probabilities(**batch)


def main() -> None:
    options = parse_options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        cutouts = prepare(folder, options.fields, options.objects)
        for name in options.networks:
            compare(
                train_network(folder, cutouts, name, None, options.epochs), cutouts, Path(scratch)
            )


def compare(classifier: Classifier, cutouts: Path, scratch: Path) -> None:
    test = list(read_batches(classifier, open_cutouts(cutouts)["test"]))
    true = open_cutouts(cutouts)["test"].label[: BATCH * len(test)]
    training = read_batches(classifier, open_cutouts(cutouts)["train"])
    batches = [batch for batch, _ in zip(training, range(CALIBRATION), strict=False)]
    path = scratch / "float.onnx"
    export_onnx(classifier, path)
    small = path.with_name("int8.onnx")
    quantise(path, small, batches)
    runtimes = {
        "PyTorch, 32 bits": make_runtime(classifier),
        "onnxruntime, 32 bits": make_runtime(OnnxClassifier(path, classifier.spec)),
        "onnxruntime, 8 bits": make_runtime(OnnxClassifier(small, classifier.spec)),
    }
    if importlib.util.find_spec("openvino"):
        for bits, graph in {"32": path, "8": small}.items():
            converted = graph.with_suffix(".xml")
            write_openvino(graph, classifier.spec, converted)
            runtime = make_runtime(OpenVinoClassifier(converted, classifier.spec))
            runtimes[f"OpenVINO, {bits} bits"] = runtime
    print_comparison(classifier.spec.network, runtimes, test, true)


def print_comparison(
    name: str, runtimes: dict[str, Runtime], test: list[Batch], true: np.ndarray
) -> None:
    outputs = {key: [run(batch) for batch in test] for key, run in runtimes.items()}
    seconds = {key: [] for key in runtimes}
    for _ in range(5):
        for key, run in runtimes.items():
            start = time.perf_counter()
            for batch in test[:8]:
                run(batch)
            seconds[key].append((time.perf_counter() - start) / len(test[:8]))
    shares = {key: np.concatenate(parts) for key, parts in outputs.items()}
    first = next(iter(runtimes))
    print(f"{name}, {len(true)} simulated test objects:")
    for key in runtimes:
        pair = shares[key].argmax(1), shares[first].argmax(1)
        difference = compare_accuracies(true, *pair)
        low, high = (100 * limit for limit in difference.ci95)
        print(
            f"{key:>21}: {BATCH / min(seconds[key]):7.0f} objects/s,"
            f" ratio {min(seconds[first]) / min(seconds[key]):.2f}; accuracy"
            f" {difference.accuracy_a:.4f}, difference {100 * difference.difference:+.2f} points"
            f" [{low:+.2f}, {high:+.2f}], same class {100 * np.mean(pair[0] == pair[1]):.2f} %"
        )


if __name__ == "__main__":
    main()
