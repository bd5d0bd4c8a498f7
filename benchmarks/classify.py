"""Frames to a table of classified sources, against decoding the same frames and nothing else.

Usage: python benchmarks/classify.py field DIRECTORY [ROUNDS]     (a directory with one field)
       python benchmarks/classify.py fields COUNT [ROUNDS]        (simulated fields)
       python benchmarks/classify.py workers COUNT [ROUNDS]       (--workers 1 against --workers 2)
       python benchmarks/classify.py many COUNT                   (rate and memory, tenth by tenth)
       python benchmarks/classify.py threads                      (beside a busy process)
       python benchmarks/classify.py stages DIRECTORY             (seconds of each stage)

Each measurement is a process of its own that runs the command `skyclass classify` with the bundled
model `stars` (onnxruntime, no PyTorch). Decoding is Python's bz2 in two processes, measured in
turns with it; the machine is shared, so that what counts are the ratios, of wall and CPU time, and
the load is printed. Start-up is what a process takes to import all and to load the model.

COUNT simulated fields are copies of four, compressed as the archive's are (bzip2 -9), under keys of
their own: each is read and decoded anew.
"""

import bz2
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

import skyclass
from skyclass.cores import limit_cores
from skyclass.models.predictor import load_predictor
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields, find_frame, make_frame_path

DECODE = """
import bz2, sys
from concurrent.futures import ProcessPoolExecutor
def decode(path):
    return len(bz2.decompress(open(path, "rb").read()))
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        sum(pool.map(decode, open(sys.argv[1]).read().split()))
"""
START = """
import skyclass.inference.classify, skyclass.cli.classify_command
from skyclass.models.predictor import load_predictor
load_predictor("stars")
"""
BUSY = "while True: pass"
UNIQUE = 4
"""Simulated fields that differ."""


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall: float
    cpu: float
    mib: float

    def __str__(self) -> str:
        return f"{self.wall:7.2f} s wall {self.cpu:7.2f} s CPU {self.mib:6.0f} MiB"


def measure(*arguments: object) -> Cost:
    """Run a Python process to its end; memory is that of its largest process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(errors.decode())
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - start, cpu, usage.ru_maxrss / 1024)


def decode(frames: Path, scratch: Path) -> Cost:
    """Decode all frames below a directory by bz2 in two processes."""
    script, files = scratch / "decode.py", scratch / "files.txt"
    script.write_text(DECODE)
    files.write_text("\n".join(str(path) for path in sorted(frames.rglob("frame-*.bz2"))))
    return measure(script, files)


def classify(frames: Path, scratch: Path, *options: object) -> Cost:
    out = scratch / "classes.parquet"
    return measure("-m", "skyclass", "--quiet", "classify", frames, "--out", out, *options)


def compare(frames: Path, scratch: Path, rounds: int) -> None:
    """Print the ratios of classifying to decoding, less the start-up."""
    ratios = []
    for _ in range(rounds):
        bare, start, ours = decode(frames, scratch), measure("-c", START), classify(frames, scratch)
        ratios.append(((ours.wall - start.wall) / bare.wall, (ours.cpu - start.cpu) / bare.cpu))
        print(
            f"decoding {bare}\nstart-up {start}\nclassify {ours}   (load {os.getloadavg()[0]:.1f})"
        )
    wall, cpu = np.median(ratios, axis=0)
    print(f"classify less start-up, against decoding: {wall:.2f} of wall, {cpu:.2f} of CPU time")


def repeat_fields(scratch: Path, count: int) -> Path:
    """Simulate a few fields, and write them under many keys, compressed as the archive does.

    The header, which names the field, is a bzip2 stream of its own before that of the pixels.
    """
    survey, frames = scratch / "survey", scratch / "frames"
    simulate(survey, UNIQUE, workers=1)
    packed: dict[tuple[int, str], tuple[fits.Header, bytes]] = {}
    fields = [Field.from_unit(unit) for unit in find_fields([survey / "frames"])]
    for number, field in enumerate(fields):
        for band in BANDS:
            content = bz2.decompress(find_frame(survey / "frames", field, band).read_bytes())
            header = fits.Header.fromfile(io.BytesIO(content))
            pixels = content[len(header.tostring()) :]
            packed[number, band] = header, bz2.compress(pixels, 9)
    for i in range(count):
        number = i % len(fields)
        one = fields[number]
        # every second number: none has a neighbour to read rows from
        field = Field(one.rerun, one.run, one.camcol, 100 + 2 * i)
        for band in BANDS:
            header, pixels = packed[number, band]
            header = header.copy()
            if "FRAME" in header:
                header["FRAME"] += field.field - one.field
            path = frames / make_frame_path(field, band)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bz2.compress(header.tostring().encode()) + pixels)
    return frames


def print_tenths(frames: Path, scratch: Path, count: int) -> None:
    """Print the CPU seconds a field, and the memory, of each tenth of many fields."""
    tenth = max(1, count // 10)
    seconds = [time.process_time()]

    def note(_stage: str, done: int, _total: int, _detail: str = "") -> None:
        if done % tenth == 0:
            seconds.append(time.process_time())
            status = Path("/proc/self/status").read_text()
            own = int(status.partition("RssAnon:")[2].split()[0]) // 1024
            each = (seconds[-1] - seconds[-2]) / tenth
            print(f"{done:5} fields: {each:.2f} CPU s a field, {own} MiB", flush=True)

    skyclass.classify(frames, "stars", scratch / "many.parquet", progress=note)


def compare_workers(frames: Path, scratch: Path, rounds: int) -> None:
    """Print how much faster two workers are than one."""
    ratios = []
    for _ in range(rounds):
        one, two = (classify(frames, scratch, "--workers", n) for n in (1, 2))
        ratios.append(one.wall / two.wall)
        print(f"1 worker {one}\n2 workers {two}   (load {os.getloadavg()[0]:.1f})")
    print(f"two workers are {np.median(ratios):.2f} times as fast as one")


def compare_threads() -> None:
    """Print the rates of a model on one and two cores, alone and beside a busy process.

    `intra-op` is what onnxruntime does by itself: two threads share each batch and spin.
    """
    import onnxruntime
    import torch

    from skyclass.models.bundled import find_bundled_model

    rng = np.random.default_rng(0)
    folder = find_bundled_model("stars")
    onnx, pytorch = load_predictor(folder), load_predictor(folder, "torch")
    shape = (len(onnx.spec.bands), onnx.spec.size, onnx.spec.size)
    flux = rng.normal(0, 0.1, (256, *shape)).astype(np.float32)
    offset = np.zeros((len(flux), shape[0], 2), np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    shared = onnxruntime.InferenceSession(folder / "model.onnx", options)
    width = next(n.shape[1] for n in shared.get_inputs() if n.name == "measured")
    measured = np.ones((len(flux), width), np.float32)
    feed = {"flux": flux, "offset": offset, "measured": measured}
    torch.set_num_threads(2)

    def run_shared() -> None:
        for start in range(0, len(flux), 32):
            shared.run(None, {name: values[start : start + 32] for name, values in feed.items()})

    def run_shared_torch() -> None:
        with torch.inference_mode():
            for start in range(0, len(flux), 32):
                part = (torch.from_numpy(v[start : start + 32]) for v in (flux, offset, measured))
                one, two, three = part
                pytorch.compute_probabilities(one, two, measured=three)

    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "onnxruntime, one core": (1, lambda: onnx.probabilities(flux, offset, measured=measured)),
        "onnxruntime, two cores": (2, lambda: onnx.probabilities(flux, offset, measured=measured)),
        "onnxruntime, intra-op": (2, run_shared),
        "PyTorch, one core": (1, lambda: pytorch.probabilities(flux, offset, measured=measured)),
        "PyTorch, two cores": (2, lambda: pytorch.probabilities(flux, offset, measured=measured)),
        "PyTorch, intra-op": (2, run_shared_torch),
    }
    for busy in (0, 1, 2):
        print(f"beside {busy} busy processes (load {os.getloadavg()[0]:.1f}):")
        others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
        try:
            print_rates(ways, len(flux))
        finally:
            for other in others:
                other.kill()
                other.wait()


def print_rates(ways: dict[str, tuple[int, Callable[[], object]]], count: int) -> None:
    """Print the median and the slowest rate of each way, measured in turns."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(5):
        for name, (cores, run) in ways.items():
            start = time.perf_counter()
            with limit_cores(cores):
                run()
            rates[name].append(count / (time.perf_counter() - start))
    for name, values in rates.items():
        print(f"  {name:24} {np.median(values):6.0f} objects/s, slowest {min(values):6.0f}")


def print_stages(frames: Path) -> None:
    """Print the CPU seconds of each stage of one field, on one core."""
    from skyclass.images import cut_field
    from skyclass.inference import classify_field
    from skyclass.surveys.registry import get_survey
    from skyclass.surveys.sdss import reader

    seconds: dict[str, float] = {}

    def watch(module: object, name: str, stage: str) -> None:
        inner = getattr(module, name)

        def timed(*arguments: object, **options: object) -> object:
            start = time.thread_time()
            try:
                return inner(*arguments, **options)
            finally:
                seconds[stage] = seconds.get(stage, 0.0) + time.thread_time() - start

        setattr(module, name, timed)

    predictor = load_predictor("stars")
    watch(reader, "read_frame", "decoding")
    watch(classify_field, "detect", "detecting")
    watch(cut_field, "measure_field", "measuring")
    watch(cut_field, "cut_frames", "cutting")
    watch(predictor, "probabilities", "network")
    unit, folder = next(iter(get_survey("sdss").find_units([frames]).items()))
    start = time.thread_time()
    with limit_cores(1):
        answer = classify_field.classify_field(folder, unit, predictor)
    seconds["everything else"] = time.thread_time() - start - sum(seconds.values())
    print(f"{unit}, {len(answer.table)} sources, CPU seconds on one core:")
    for stage, value in seconds.items():
        print(f"  {stage:16} {value:6.2f}")


def main(what: str, argument: str = "", rounds: str = "3") -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if what == "field":
            compare(Path(argument), scratch, int(rounds))
        elif what == "fields":
            compare(repeat_fields(scratch, int(argument)), scratch, int(rounds))
        elif what == "workers":
            compare_workers(repeat_fields(scratch, int(argument)), scratch, int(rounds))
        elif what == "many":
            print_tenths(repeat_fields(scratch, int(argument)), scratch, int(argument))
        elif what == "threads":
            compare_threads()
        elif what == "stages":
            print_stages(Path(argument))
        else:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
