"""Bars that show how far a command is; lines where there is no terminal, as in a batch job."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from skyclass.cli.verbosity import is_quiet, is_verbose
from skyclass.progress import Progress, no_progress

__all__ = ["progress_bars"]

_A_WHILE: Final = 10.0
"""Seconds after which the rate of a stage says something."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show a bar for each stage; nothing if the user wants it quiet."""
    if is_quiet():
        yield no_progress
        return
    console = Console(stderr=True)
    if is_verbose() or not console.is_terminal:
        yield _print_lines(console)
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        _TimeColumn(),
        _RateColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    with Bars(*columns, console=console) as bars:
        stages: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int, detail: str = "") -> None:
            known = total or None  # a bar without a known end moves to and fro
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=known, detail="")
            bars.update(stages[stage], completed=done, total=known, detail=detail)
            if done == total:
                bars.stop_task(stages[stage])

        with _erase_on_failure(bars):
            yield show


def _format_pace(seconds: float, done: int, left: int) -> str:
    """Format the rate of a stage and the time left, once it has lasted for a while."""
    if seconds < _A_WHILE or done < 1:
        return ""
    rate = done / seconds
    pace = f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
    return f"({pace}, {timedelta(seconds=round(left / rate))} left)" if left > 0 else f"({pace})"


class _TimeColumn(TimeElapsedColumn):
    """Time left while a stage runs, time taken once it is complete."""

    _remaining = TimeRemainingColumn()

    def render(self, task: Task) -> Text:
        """Draw the column of one stage."""
        if task.finished or task.total is None:
            return super().render(task)
        return self._remaining.render(task)


class _RateColumn(ProgressColumn):
    """Steps a second of a stage, or seconds a step."""

    def render(self, task: Task) -> Text:
        """Draw the column of one stage."""
        rate = task.finished_speed or task.speed
        if not rate:
            return Text("")
        return Text(f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each")


def _print_lines(console: Console) -> Progress:
    """Print a line at each tenth of a stage, at every step where its end is not known."""
    printed: dict[str, int] = {}
    started: dict[str, tuple[float, int]] = {}

    def show(stage: str, done: int, total: int, detail: str = "") -> None:
        since, before = started.setdefault(stage, (time.monotonic(), done))
        tenth = 10 * done // total if total else done
        if printed.get(stage) != tenth:
            printed[stage] = tenth
            count = f"{done}/{total}" if total or not done else f"{done}"
            pace = _format_pace(time.monotonic() - since, done - before, total - done)
            line = " ".join(part for part in (stage, count, detail, pace) if part)
            console.print(line, highlight=False, markup=False)

    return show


@contextmanager
def _erase_on_failure(bars: Bars) -> Iterator[None]:
    """Leave no dead bar beside the line that says what went wrong."""
    try:
        yield
    except BaseException:
        bars.live.transient = True
        raise
