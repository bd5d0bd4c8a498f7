"""Times of `import skyclass`, of every `--help`, and of a refused call of each command.

Usage: python benchmarks/startup.py [ROUNDS]          (default 3; the fastest counts)

Each is a process of its own, Python's start included, in a directory without data.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skyclass.cli.app import PANELS

REFUSED = {
    "archive": "archive none",
    "cache": "cache none",
    "catalog": "catalog none.csv --out c.parquet",
    "classify": "classify nothing --model x --out a.fits",
    "compare": "compare none other",
    "cutouts": "cutouts --catalog none.parquet --frames f --out o",
    "demo": "demo --out file",
    "download": "download --catalog none.csv --out o",
    "experiment": "experiment none.toml --out o",
    "export": "export none --out o",
    "export-cutouts": "export-cutouts --cutouts none --format fits --out o",
    "figures": "figures none",
    "learning-rate": "learning-rate none.toml --out o",
    "migrate": "migrate none.toml",
    "push": "push none owner/x",
    "report": "report none",
    "reweight": "reweight none star=1",
    "show": "show --cutouts none --out a.png",
    "simulate": "simulate --out file --fields 1",
    "study": "study none.toml --out o",
    "tune": "tune none.toml s.toml --out o",
}


def measure(arguments: list[str], rounds: int, folder: str) -> tuple[float, int]:
    """Return the shortest time in seconds, and the exit code."""
    times, code = [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        code = subprocess.run(
            [sys.executable, *arguments], capture_output=True, cwd=folder, check=False
        ).returncode
        times.append(time.perf_counter() - start)
    return min(times), code


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "file").touch()
        seconds, _ = measure(["-c", "import skyclass"], rounds, folder)
        print(f"import skyclass {seconds:.2f} s")
        seconds, _ = measure(["-m", "skyclass", "--help"], rounds, folder)
        print(f"skyclass --help {seconds:.2f} s")
        print(f"{'command':16}{'--help':>8}{'refused':>9}")
        for name in sorted(command.name for panel in PANELS.values() for command in panel):
            help_, _ = measure(["-m", "skyclass", name, "--help"], rounds, folder)
            refused, code = measure(["-m", "skyclass", *REFUSED[name].split()], rounds, folder)
            print(f"{name:16}{help_:7.2f}s{refused:8.2f}s{'' if code == 2 else f' (exit {code})'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
