"""One of several processes that train together: ``python -m skyclass.training.worker JOB``.

The environment says which one it is, as torchrun, SLURM or `fit_in_processes` set it.
"""

import json
import os
import sys
import threading
from pathlib import Path

import torch

from skyclass.errors import SkyclassError
from skyclass.plugins import import_plugins
from skyclass.training.fit import fit
from skyclass.training.job import read_job

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run a job; progress and errors are lines of JSON on standard output.

    Parameters
    ----------
    arguments
        File of the job, and ``--attached`` if the process is to end when its standard input does.

    Returns
    -------
    int
        Exit status: 0, 2 for an error that the user can fix, 130 for an interruption.
    """
    path, *options = arguments
    if "--attached" in options:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    job = read_job(Path(path))
    if not torch.cuda.is_available():
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // job.config.devices))
    try:
        import_plugins(job.plugins)
        fit(job, _print_progress)
    except SkyclassError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _end_with_parent() -> None:
    """End at once when the process that waits for this one is gone."""
    sys.stdin.read()
    os._exit(1)


def _print_progress(stage: str, done: int, total: int, detail: str = "") -> None:
    """Print how far the training is, for the process that waits for this one."""
    step = {"stage": stage, "done": done, "total": total, "detail": detail}
    print(json.dumps(step), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
