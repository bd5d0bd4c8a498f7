"""Bars that show how far a command is; lines where there is no terminal, as in a batch job."""

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
    from skyclass.transfer.downloader import DownloadCounts

__all__ = ["download_bar", "progress_bars"]


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
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
def download_bar(kind: str) -> "Iterator[Callable[[DownloadCounts], None]]":
    """Show a bar with rate, time left and failures."""
    console, start = Console(stderr=True), time.monotonic()
    if not console.is_terminal:
        lines = _lines(console)
        yield lambda counts: lines(kind, counts.processed, counts.total, _note(counts, start))
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(kind, total=None, note="")

        def tell(counts: "DownloadCounts") -> None:
            note = _note(counts, start)
            bars.update(task, completed=counts.processed, total=counts.total, note=note)

        with _erased_on_failure(bars):
            yield tell


def _note(counts: "DownloadCounts", start: float) -> str:
    """Tell the rate of a download and its failures."""
    seconds = max(time.monotonic() - start, 1e-3)
    return (
        f"{(counts.processed - counts.present) / seconds:.1f} files/s"
        f" {counts.received / seconds / 1e6:.1f} MB/s {counts.failed} failed"
    )


def _lines(console: Console) -> Callable[..., None]:
    """Write a line at each tenth of a stage."""
    told: dict[str, int] = {}

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        tenth = 10 * done // max(total, 1)
        if told.get(stage) != tenth:
            told[stage] = tenth
            console.print(f"{stage} {done}/{total} {note}".rstrip(), highlight=False, markup=False)

    return tell


@contextmanager
def _erased_on_failure(bars: Progress) -> Iterator[None]:
    """Leave no dead bar beside the line that says what went wrong."""
    try:
        yield
    except BaseException:
        bars.live.transient = True
        raise
