"""From a CSV to a split catalogue: time and memory against reading the file, and linearity.

Usage: python benchmarks/catalogue.py [ROWS ...]      (default 100000 1000000)

Each measurement runs in a fresh process. `read` is `pandas.read_csv` alone on the same file,
`script` the source system's way (row-by-row selection of the densest fields included).
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ("O", "B", "A", "F", "G", "K", "M")
SHARES = np.array([0.004, 0.013, 0.11, 0.41, 0.09, 0.18, 0.193])
ROUNDS = 5
MOST_FOR_SCRIPT = 1_000_000


def write_table(path: Path, rows: int) -> None:
    """Write a table like that of the ViT thesis: stars in 30 a field, duplicates, missing keys."""
    rng = np.random.default_rng(1)
    field = rng.integers(0, max(1, rows // 30), rows)
    letters = rng.choice(CLASSES, rows, p=SHARES / SHARES.sum())
    table = pd.DataFrame(
        {
            "specobjid": (rng.permutation(rows).astype(np.uint64) << np.uint64(20))
            + np.uint64(2**63),
            "class": "STAR",
            "subclass": np.char.add(letters, rng.integers(0, 10, rows).astype(str)),
            "type": 6,
            "ra": rng.uniform(0, 360, rows).round(8),
            "dec": rng.uniform(-10, 70, rows).round(8),
            "rerun": 301,
            "run": 94 + field // 3000,
            "camcol": 1 + field % 6,
            "field": 11 + field // 6 % 500,
        }
        | {f"psfMag_{band}": rng.uniform(15, 21, rows).round(5) for band in "ugriz"}
    )
    table = pd.concat([table, table.sample(rows // 50, random_state=1)])
    table["field"] = table["field"].astype("Int64").mask(rng.random(len(table)) < 0.01)
    table.iloc[:rows].to_csv(path, index=False)


def run_read(path: Path) -> None:
    pd.read_csv(path)


def run_ours(path: Path, rule: str) -> None:
    from skyclass.catalog.build_catalog import build_catalog
    from skyclass.catalog.catalog_file import write_catalog
    from skyclass.config.sections import CleanConfig

    catalog = build_catalog(path, "spectral-class", rules=CleanConfig(duplicates=rule))
    write_catalog(catalog, path.with_suffix(f".{rule}.parquet"))


def run_script(path: Path) -> None:
    keys = ["rerun", "run", "camcol", "field"]
    data = pd.read_csv(path).drop_duplicates(subset=["ra", "dec"], keep="first")
    data.to_csv(path.with_suffix(".1.csv"), index=False)
    data = pd.read_csv(path.with_suffix(".1.csv"))
    data = data[data["subclass"].str.startswith(CLASSES)]
    data["mainclass"] = data["subclass"].str[0]
    data = data.dropna(subset=keys)
    data.to_csv(path.with_suffix(".2.csv"), index=False)
    data = pd.read_csv(path.with_suffix(".2.csv"))
    counts = data.groupby([*keys, "mainclass"]).size().reset_index(name="count")
    chosen = []
    for _, group in counts.groupby("mainclass"):
        total = 0
        for _, row in group.sort_values("count", ascending=False).iterrows():
            if total + row["count"] <= len(data):
                chosen.append(row)
                total += row["count"]
    wanted = set(pd.DataFrame(chosen)[[*keys, "mainclass"]].itertuples(index=False, name=None))
    data = data[data.set_index([*keys, "mainclass"]).index.isin(wanted)]
    for _, group in data.groupby("mainclass"):
        shuffled = group.sample(frac=1, random_state=42)
        shuffled.to_csv(path.with_suffix(".3.csv"), mode="a", index=False)


RUNS = {
    "read": run_read,
    "exact": lambda path: run_ours(path, "exact"),
    "position": lambda path: run_ours(path, "position"),
    "script": run_script,
}


def measure(kind: str, path: Path) -> tuple[float, float]:
    """Run one kind in a fresh process; return seconds and peak MiB."""
    for left in path.parent.glob(f"{path.stem}.*.*"):
        left.unlink()
    command = [sys.executable, __file__, "--run", kind, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(output[0]), float(output[1])


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / f"{rows}.csv"
            write_table(path, rows)
            kinds = [kind for kind in RUNS if kind != "script" or rows <= MOST_FOR_SCRIPT]
            rounds = [{kind: measure(kind, path) for kind in kinds} for _ in range(ROUNDS)]
            print(f"{rows} rows, {path.stat().st_size / 1e6:.0f} MB, median of {ROUNDS} rounds")
            for kind in kinds:
                seconds = float(np.median([r[kind][0] for r in rounds]))
                ratio = float(np.median([r[kind][0] / r["read"][0] for r in rounds]))
                memory = float(np.median([r[kind][1] for r in rounds]))
                print(f"  {kind:9} {seconds:7.2f} s  {ratio:5.2f} x read  {memory:6.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        # importing is not what is measured
        import skyclass.catalog.build_catalog  # noqa: F401
        from skyclass.surveys.registry import get_survey

        get_survey("sdss")

        start = time.perf_counter()
        RUNS[sys.argv[2]](Path(sys.argv[3]))
        seconds = time.perf_counter() - start
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        main([int(text) for text in sys.argv[1:]] or [100_000, 1_000_000])
