"""Train in several processes of this machine, and hear from them."""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyclass.errors import TrainingError
from skyclass.progress import Progress
from skyclass.training.job import TrainingJob

__all__ = ["fit_in_processes", "format_launch_command"]

_WORKER = "skyclass.training.worker"


def fit_in_processes(job: TrainingJob, told: Path, progress: Progress) -> None:
    """Do a job in as many processes as devices are asked for.

    They are fresh ones that do nothing but train: no stage before the training is repeated. They
    end when this process ends.

    Parameters
    ----------
    job
        What to train.
    told
        The job's file.
    progress
        Called after each round, as `skyclass.training.fit.fit` does.

    Raises
    ------
    TrainingError
        Where one of them fails; the others are ended.
    """
    with _workers(job, told) as workers, selectors.DefaultSelector() as outputs:
        for worker in workers:
            outputs.register(_output(worker), selectors.EVENT_READ, worker)
        while outputs.get_map():
            for key, _ in outputs.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    _hear(line, progress)
                    continue
                outputs.unregister(key.fileobj)
                if key.data.wait() != 0:
                    number = workers.index(key.data)
                    log = (job.state / f"process-{number}.log").read_text(encoding="utf-8")
                    last = log.strip().splitlines()[-1:] or ["it says nothing"]
                    raise TrainingError(f"training process {number} failed: {last[0]}")


def format_launch_command(job: TrainingJob, told: Path) -> str:
    """Give the command that starts a job's processes on one of several machines.

    Parameters
    ----------
    job
        What to train.
    told
        The job's file, on a disk that all machines share.

    Returns
    -------
    str
        For `torchrun`; under SLURM, `srun python -m skyclass.training.worker FILE`.
    """
    return (
        f"torchrun --nnodes {job.config.nodes} --nproc-per-node {job.config.devices}"
        f" --rdzv-backend c10d --rdzv-endpoint FIRST_MACHINE:29500 -m {_WORKER} {told}"
    )


@contextmanager
def _workers(job: TrainingJob, told: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the processes; end those that are left."""
    # a cluster's own numbers are for processes that it starts itself
    own = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    common = own | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    command = [sys.executable, "-m", _WORKER, str(told), "--attached"]
    with contextlib.ExitStack() as stack:
        workers = []
        for number in range(job.config.devices):
            path = job.state / f"process-{number}.log"
            log = stack.enter_context(path.open("w", encoding="utf-8"))
            worker = subprocess.Popen(
                command,
                env=common | {"LOCAL_RANK": str(number), "NODE_RANK": "0"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            stack.enter_context(worker)
            stack.callback(worker.kill)
            workers.append(worker)
        yield workers


def _output(worker: subprocess.Popen[str]) -> Any:
    """Give what a process writes."""
    return worker.stdout


def _hear(line: str, progress: Progress) -> None:
    """Pass on what a process says, of progress or of what the user can mend."""
    try:
        said = json.loads(line)
        error, stage = said.get("error"), said.get("stage")
    except (ValueError, AttributeError):
        # a library's own words
        return
    if error is not None:
        raise TrainingError(error)
    if stage is not None:
        progress(stage, said["done"], said["total"], said["detail"])


def _free_port() -> int:
    """Find a port for the processes to meet at."""
    with socket.socket() as meeting:
        meeting.bind(("127.0.0.1", 0))
        port: int = meeting.getsockname()[1]
    return port
