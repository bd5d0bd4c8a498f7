"""What simulating a field costs, in the CPU time of compressing its five frames with bz2.

Run it with ``python benchmarks/simulate.py [--task T] [--objects N]``. The aim is a ratio of at
most 1.4.
"""

import argparse
import bz2
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from skyclass.simulation.simulate import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="spectral-class")
    parser.add_argument("--objects", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    totals = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        # the first field also pays for imports and tables that are made once a process
        for seed in range(arguments.rounds + 1):
            out = Path(folder) / str(seed)
            whole = cpu_seconds(lambda out=out, seed=seed: simulate_one(out, seed, arguments))
            frames = [bz2.decompress(p.read_bytes()) for p in sorted(out.rglob("*.bz2"))]
            compression = cpu_seconds(lambda frames=frames: [bz2.compress(f) for f in frames])
            report(f"round {seed}" if seed else "warm-up", whole, compression)
            if seed:
                totals = [totals[0] + whole, totals[1] + compression]
    report(f"all rounds of {arguments.objects} objects, {arguments.task}", *totals)


def report(name: str, whole: float, compression: float) -> None:
    print(
        f"{name}: simulate {whole:.2f} s CPU, compress the five frames {compression:.2f} s CPU:"
        f" ratio {whole / compression:.3f}"
    )


def simulate_one(out: Path, seed: int, arguments: argparse.Namespace) -> None:
    simulate(out, 1, task=arguments.task, seed=seed, objects_per_field=arguments.objects, workers=1)


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
