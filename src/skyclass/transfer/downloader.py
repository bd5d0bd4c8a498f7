"""Bring files into a directory: many at once, each checked whole, every outcome recorded."""

import asyncio
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from skyclass.config.sections import SurveyConfig
from skyclass.errors import OutputError, RemoteError, SurveyError
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress
from skyclass.transfer.attempt import Fetcher
from skyclass.transfer.errors import NotFoundError, PermanentError, TransientError, UnreachableError
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import disguised_error, read_decompressed, too_many_queries
from skyclass.transfer.manifest import Entry, locked_manifest
from skyclass.transfer.rate_limit import Clock, compute_backoff

__all__ = ["PARTIALS", "DownloadCounts", "download_files"]

PARTIALS: Final = ".partial"
"""Folder of files that are not whole yet, below the directory of a download."""

OUTAGE: Final = 50
"""Files in a row that fail through the service's fault before the download is given up."""

_HEAD: Final = 4096
_SMALL: Final = 128 * 1024
_OVERRUN: Final = 5
"""Doublings of the pause where a server says that there were too many requests, but not how long
to wait: SkyServer counts them by the minute."""

_TURNS: Final = 4
"""Turns of the event loop in which a request is sent. Answers that come together would else all be
checked before the first new request goes: a quarter fewer files a second with 50 ms of latency."""

R = TypeVar("R")


@dataclass
class DownloadCounts:
    """How far a download is."""

    total: int
    """Files asked for."""
    fetched: int = 0
    """Files that came, whole."""
    present: int = 0
    """Files that were there already."""
    absent: int = 0
    """Files that the archive does not have."""
    failed: int = 0
    """Files that did not come whole."""
    received: int = 0
    """Bytes that came."""
    reason: str = ""
    """Why the last failed file failed."""

    @property
    def processed(self) -> int:
        """Files that need no further work in this run."""
        return self.fetched + self.present + self.absent + self.failed

    def describe_rate(self, seconds: float) -> str:
        """Format the rate at which files come, and how many failed.

        Parameters
        ----------
        seconds
            Time since the download began.

        Returns
        -------
        str
            Such as ``12.0 files/s 3.1 MB/s 0 failed``.
        """
        seconds = max(seconds, 1e-3)
        return (
            f"{(self.processed - self.present) / seconds:.1f} files/s"
            f" {self.received / seconds / 1e6:.1f} MB/s {self.failed} failed"
        )


def download_files(
    requests: Iterable[FileRequest],
    out: Path,
    survey: SurveyConfig,
    *,
    total: int,
    retry_absent: bool = False,
    unpack: bool = False,
    clock: Clock | None = None,
    progress: Progress = no_progress,
) -> DownloadCounts:
    """Bring every requested file into a directory that is not there yet.

    Requests are taken one by one as there is room for them, so memory does not grow with their
    number. Another download into the same directory is waited for.

    Parameters
    ----------
    requests
        What to bring.
    out
        Directory.
    survey
        Connections, requests a second, retries and time limit.
    total
        Number of requests, for the progress.
    retry_absent
        Whether files that the archive did not have are asked for again.
    unpack
        Whether compressed files are kept decompressed, where their archive allows it.
    clock
        Time; the machine's own where not given.
    progress
        Called after each file with the stage, files processed, files in all, and the rate.

    Returns
    -------
    DownloadCounts
        How many files came, and how many did not.

    Raises
    ------
    OutputError
        Where the directory cannot be written.
    RemoteError
        Where the service cannot be reached or has failed for many files in a row.
    """
    counts = DownloadCounts(total)
    run = _Run(out, survey, counts, clock or Clock())
    run.retry_absent, run.unpack, run.progress = retry_absent, unpack, progress
    if _in_event_loop():
        with ThreadPoolExecutor(1) as own:
            own.submit(run.bring, requests).result()
    else:
        run.bring(requests)
    return counts


def _in_event_loop() -> bool:
    """Tell whether an event loop runs already, as in a notebook; a second needs its own thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Run:
    """One call of `download_files`."""

    def __init__(
        self, out: Path, survey: SurveyConfig, counts: DownloadCounts, clock: Clock
    ) -> None:
        """Begin."""
        self.retry_absent = False
        self.unpack = False
        self.progress: Progress = no_progress
        self._start = clock.now()
        self._out, self._survey, self._tally, self._clock = out, survey, counts, clock
        self._busy: set[str] = set()
        self._outage = 0

    def bring(self, requests: Iterable[FileRequest]) -> None:
        """Bring all files, as the only one who does in this directory."""
        with locked_manifest(self._out) as manifest, ThreadPoolExecutor(os.cpu_count()) as pool:
            self._manifest, self._pool = manifest, pool
            partials = make_directory(self._out / PARTIALS)
            asyncio.run(self.all_of(iter(requests)))
            if not any(partials.iterdir()):
                partials.rmdir()

    async def all_of(self, requests: Iterator[FileRequest]) -> None:
        """Work on all requests: while some use the connections, others are checked or wait."""
        self._fetcher = Fetcher(self._survey, self._manifest, self._clock)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(2 * self._survey.connections):
                    group.create_task(self._worker(requests))
        except BaseExceptionGroup as group_of:
            raise group_of.exceptions[0] from None
        finally:
            await self._fetcher.close()

    async def _worker(self, requests: Iterator[FileRequest]) -> None:
        """Take one request after the other."""
        for request in requests:
            await self._settle(request)
            self._tally.received = self._fetcher.received
            rate = self._tally.describe_rate(self._clock.now() - self._start)
            self.progress(Stage.FILES, self._tally.processed, self._tally.total, rate)
            # files that are there already wait for nothing else, and an interruption must be heard
            await asyncio.sleep(0)

    async def _settle(self, request: FileRequest) -> None:
        """Bring one file, unless its fate is known; count and record what comes of it."""
        entry = self._manifest.get(request.path)
        partial = self._partial(request)
        if partial.name in self._busy or self._is_here(entry, request):
            self._tally.present += 1
            return
        if entry is not None and self._is_absent(entry, request):
            self._tally.absent += 1
            return
        self._busy.add(partial.name)
        try:
            await self._bring(request, partial, entry)
        except NotFoundError as error:
            self._tally.absent += 1
            self._outage = 0
            self._record(request, "absent", reason=str(error))
        except PermanentError as error:
            self._tally.failed += 1
            self._tally.reason = str(error)
            self._record(request, "failed", reason=str(error))
            self._give_up(request, error)
        finally:
            self._busy.discard(partial.name)

    def _partial(self, request: FileRequest) -> Path:
        """Give the temporary file of a request; one for another source never goes on with it."""
        told = f"{request.path}\n{request.source}"
        return self._out / PARTIALS / sha256(told.encode()).hexdigest()[:32]

    def _is_here(self, entry: Entry | None, request: FileRequest) -> bool:
        """Tell whether a file has been accepted and is still as it was."""
        if entry is None or entry.state != "done" or not entry.is_intact(self._out):
            return False
        packed = self.unpack and _plain_name(request) not in {None, entry.stored}
        return _is_of(entry, request) and not packed

    def _is_absent(self, entry: Entry, request: FileRequest) -> bool:
        """Tell whether this very archive has said that it has no such file."""
        return entry.state == "absent" and entry.url == request.url and not self.retry_absent

    async def _bring(self, request: FileRequest, partial: Path, entry: Entry | None) -> None:
        """Accept a file that lies there already, or fetch it."""
        stored = None
        if entry is None or entry.state != "done" or _is_of(entry, request):
            stored = await self._adopt(request)
        if stored is not None:
            self._tally.present += 1
        else:
            stored = await self._fetch(request, partial)
            self._tally.fetched += 1
        self._outage = 0
        self._record(request, "done", stored=stored)

    async def _fetch(self, request: FileRequest, partial: Path) -> str:
        """Try to get a file until it is whole; give its name below the directory."""
        problem = TransientError("was not tried")
        for attempt in range(self._survey.retries + 1):
            try:
                await self._fetcher.fetch(request, partial)
                await _let_requests_go()
                work = functools.partial(_accept, request, partial, self._out, self.unpack)
                return await self._check(partial, work)
            except TransientError as error:
                problem = error
                if error.discard:
                    partial.unlink(missing_ok=True)
                if attempt < self._survey.retries:
                    await self._wait(request, attempt, error)
            except PermanentError as error:
                if not error.outage:
                    partial.unlink(missing_ok=True)
                raise
            finally:
                if not partial.exists():
                    self._manifest.forget(partial.name)
        if isinstance(problem, UnreachableError) and not self._fetcher.reached:
            raise RemoteError(request.base, f"{problem}; check the address and the network")
        raise PermanentError(str(problem), outage=not problem.discard)

    async def _wait(self, request: FileRequest, attempt: int, error: TransientError) -> None:
        """Wait before the next try; where the server is overrun, all of its requests do."""
        if error.overrun:
            seconds = compute_backoff(attempt + _OVERRUN) if error.wait is None else error.wait
            self._fetcher.pace(request.url).hold(seconds)
        else:
            await self._clock.sleep(compute_backoff(attempt))

    def _give_up(self, request: FileRequest, error: PermanentError) -> None:
        """Stop where the service fails for one file after the other."""
        self._outage = self._outage + 1 if error.outage else 0
        if self._outage >= OUTAGE:
            raise RemoteError(
                request.base,
                f"{OUTAGE} files in a row failed, the last with: {error}; run again later,"
                " it goes on from here",
            ) from error

    def _record(
        self, request: FileRequest, state: str, *, stored: str = "", reason: str = ""
    ) -> None:
        """Write an outcome into the manifest."""
        size = mtime_ns = 0
        if state == "done":
            found = (self._out / stored).stat()
            size, mtime_ns = found.st_size, found.st_mtime_ns
        other = stored if stored != request.path else ""
        entry = Entry(request.path, request.kind, request.url, state, other, size, mtime_ns, reason)
        self._manifest.record(entry)

    async def _adopt(self, request: FileRequest) -> str | None:
        """Accept a file that lies under its final name; give the name it is kept by."""
        for name in (request.path, _plain_name(request)):
            path = self._out / (name or request.path)
            if path.is_file():
                work = functools.partial(_adopt, request, path, self._out, self.unpack)
                stored = await self._check(path, work)
                if stored is not None:
                    return stored
        return None

    async def _check(self, path: Path, work: Callable[[], R]) -> R:
        """Run the check of a file, that of a large one in another thread."""
        # a small file is checked sooner than another thread is told of it
        if path.stat().st_size < _SMALL:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


async def _let_requests_go() -> None:
    """Give way to the request that takes over the connection, before a file is checked."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _is_of(entry: Entry, request: FileRequest) -> bool:
    """Tell whether a file is what a request names; of one that was there before, it is believed."""
    return not entry.url or entry.url.endswith(request.source)


def _plain_name(request: FileRequest) -> str | None:
    """Give the name of a file when it is kept decompressed, if it can be."""
    plain = request.path.removesuffix(".bz2").removesuffix(".gz")
    return plain if request.decompressed_limit is not None and plain != request.path else None


def _adopt(request: FileRequest, path: Path, out: Path, unpack: bool) -> str | None:
    """Check a file that lies there; give the name it is kept by, None where it is not whole."""
    try:
        request.check(path)
    except SurveyError:
        return None
    return _keep(request, path, out, unpack)


def _accept(request: FileRequest, partial: Path, out: Path, unpack: bool) -> str:
    """Check what has come, and move it to its final name, which is given."""
    try:
        request.check(partial)
    except SurveyError as error:
        with partial.open("rb") as file:
            head = file.read(_HEAD)
        reason = disguised_error(head) or str(error)
        raise TransientError(reason, overrun=too_many_queries(head), discard=True) from error
    return _keep(request, partial, out, unpack)


def _keep(request: FileRequest, path: Path, out: Path, unpack: bool) -> str:
    """Give a checked file its final name, decompressed where that is asked for."""
    plain = _plain_name(request)
    if unpack and plain is not None and path != out / plain:
        content = read_decompressed(path, request.decompressed_limit or 0)
        with atomic_path(out / plain) as temporary:
            temporary.write_bytes(content)
        path.unlink()
        return plain
    if path.parent.name == PARTIALS:
        _move(path, out / request.path)
        return request.path
    return path.relative_to(out).as_posix()


def _move(path: Path, final: Path) -> None:
    """Give a file its final name."""
    try:
        if not final.parent.is_dir():
            make_directory(final.parent)
        path.replace(final)
    except OSError as error:
        raise OutputError(f"cannot write {final}: {error.strerror or error}") from error
