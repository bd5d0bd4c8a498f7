"""Train in several processes of this machine, and read their progress."""

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
from typing import Final

from skyclass.errors import TrainingError
from skyclass.progress import Progress
from skyclass.training.job import TrainingJob

__all__ = ["fit_in_processes", "format_launch_command"]

_WORKER: Final = "skyclass.training.worker"


def fit_in_processes(job: TrainingJob, path: Path, progress: Progress) -> None:
    """Train in one process for each device of this machine.

    The processes are fresh ones that only train: no stage before the training is repeated. They
    end when this process ends.

    Parameters
    ----------
    job
        Training to run.
    path
        File of the job.
    progress
        Called after each round, as by `skyclass.training.fit.fit`.

    Raises
    ------
    TrainingError
        If one of them fails; the others are ended.
    """
    with _start_workers(job, path) as workers, selectors.DefaultSelector() as outputs:
        for worker in workers:
            if worker.stdout is not None:
                outputs.register(worker.stdout, selectors.EVENT_READ, worker)
        while outputs.get_map():
            for key, _ in outputs.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    _handle_line(line, progress)
                    continue
                outputs.unregister(key.fileobj)
                if key.data.wait() != 0:
                    number = workers.index(key.data)
                    log = (job.state / f"process-{number}.log").read_text(encoding="utf-8")
                    last = log.strip().splitlines()[-1:] or ["its log is empty"]
                    raise TrainingError(f"training process {number} failed: {last[0]}")


def format_launch_command(job: TrainingJob, path: Path) -> str:
    """Format the command that starts a job's processes on one of several machines.

    Parameters
    ----------
    job
        Training to run.
    path
        File of the job, on a disk that all machines share.

    Returns
    -------
    str
        For `torchrun`; under SLURM, `srun python -m skyclass.training.worker FILE`.
    """
    return (
        f"torchrun --nnodes {job.config.nodes} --nproc-per-node {job.config.devices}"
        f" --rdzv-backend c10d --rdzv-endpoint FIRST_MACHINE:29500 -m {_WORKER} {path}"
    )


@contextmanager
def _start_workers(job: TrainingJob, path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the processes; kill those that remain at the end."""
    # a cluster's own numbers are for processes that it starts itself
    own = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    common = own | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_find_free_port())}
    command = [sys.executable, "-m", _WORKER, str(path), "--attached"]
    with contextlib.ExitStack() as stack:
        workers = []
        for number in range(job.config.devices):
            log_path = job.state / f"process-{number}.log"
            log = stack.enter_context(log_path.open("w", encoding="utf-8"))
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


def _handle_line(line: str, progress: Progress) -> None:
    """Report the progress that a process printed, or raise its error."""
    try:
        message = json.loads(line)
        error, stage = message.get("error"), message.get("stage")
    except (ValueError, AttributeError):
        # printed by a library
        return
    if error is not None:
        raise TrainingError(error)
    if stage is not None:
        progress(stage, message["done"], message["total"], message["detail"])


def _find_free_port() -> int:
    """Find a port for the processes to meet at."""
    with socket.socket() as meeting:
        meeting.bind(("127.0.0.1", 0))
        port: int = meeting.getsockname()[1]
    return port
