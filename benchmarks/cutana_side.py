"""Cutana's side of `cutouts.py`: runs under an interpreter that has cutana 0.4, without skyclass.

Usage: python benchmarks/cutana_side.py SOURCES.json

Reads a list of Cutana's own catalogue rows. For each line on standard input it cuts them all, bands
as they are, on one thread, and answers with the CPU seconds: with opening the files, and of cutting
alone, from files that are open already.
"""

import contextlib
import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from cutana import create_cutouts_direct, get_default_config
from cutana.cutout_process_utils import _process_sources_batch_vectorized_with_fits_set
from cutana.fits_dataset import load_fits_sets, prepare_fits_sets_and_sources


def cpu(function, *arguments) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def settings():
    config = get_default_config()
    config.do_only_cutout_extraction = True
    config.apply_flux_conversion = False
    config.normalisation_method = "none"
    config.write_to_disk = False
    return config


def main(path: Path) -> None:
    warnings.simplefilter("ignore")
    config, table = settings(), pd.DataFrame(json.loads(path.read_text()))
    with contextlib.redirect_stdout(sys.stderr):
        sets = prepare_fits_sets_and_sources(table.to_dict("records"))
        opened = [(rows, load_fits_sets([files], ["PRIMARY"])) for files, rows in sets.items()]

    def whole() -> None:
        create_cutouts_direct(table, config, max_workers=1)

    def alone() -> None:
        for rows, files in opened:
            done = _process_sources_batch_vectorized_with_fits_set(rows, files, config, None)
            side = int(rows[0]["diameter_pixel"])
            assert len(done[0]["cutouts"]) == len(rows)
            assert done[0]["cutouts"][0].shape == (side, side, len(files))

    for _ in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):
            times = cpu(whole), cpu(alone)
        print(*times, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
