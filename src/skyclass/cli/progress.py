"""Bars that show how far a command is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from skyclass.survey import Tally

__all__ = ["download_bar", "progress_bars"]


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        stages: dict[str, int] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = int(bars.add_task(stage, total=total))
            bars.update(stages[stage], completed=done, total=total)  # type: ignore[arg-type]
            if done == total:
                bars.stop_task(stages[stage])  # type: ignore[arg-type]

        with _erased_on_failure(bars):
            yield tell


@contextmanager
def download_bar(kind: str) -> "Iterator[Callable[[Tally], None]]":
    """Show a bar with rate, time left and failures."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(kind, total=None, note="")
        start = time.monotonic()

        def tell(tally: "Tally") -> None:
            seconds = max(time.monotonic() - start, 1e-3)
            note = (
                f"{(tally.settled - tally.present) / seconds:.1f} files/s"
                f" {tally.received / seconds / 1e6:.1f} MB/s {tally.failed} failed"
            )
            bars.update(task, completed=tally.settled, total=tally.total, note=note)

        with _erased_on_failure(bars):
            yield tell


@contextmanager
def _erased_on_failure(bars: Progress) -> Iterator[None]:
    """Leave no dead bar beside the line that says what went wrong."""
    try:
        yield
    except BaseException:
        bars.live.transient = True
        raise
