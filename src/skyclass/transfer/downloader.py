"""Download files into a directory: many at once, each checked whole, every outcome recorded."""

import asyncio
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from skyclass.errors import OutputError, RemoteError, SurveyError
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress
from skyclass.transfer.attempt import FileClient
from skyclass.transfer.errors import (
    NotFoundError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.http_client import HttpClient, TransferSettings, call_outside_event_loop
from skyclass.transfer.integrity import describe_error_page, read_decompressed
from skyclass.transfer.manifest import ManifestEntry, open_locked_manifest
from skyclass.transfer.rate_limit import Clock

__all__ = ["PARTIALS", "DownloadCounts", "download_files"]

PARTIALS: Final = ".partial"
"""Folder of files that are not whole yet, below the directory of a download."""

MAX_FAILURES_IN_A_ROW: Final = 50
"""Files in a row that fail through the service's fault before the download stops."""

_HEAD: Final = 4096
_SMALL: Final = 128 * 1024
_TURNS: Final = 4
"""Turns of the event loop in which a request is sent. Answers that come together would else all be
checked before the first new request goes: a quarter fewer files a second with 50 ms of latency."""

R = TypeVar("R")


@dataclass
class DownloadCounts:
    """Numbers of files by outcome, while a download runs and at its end."""

    total: int
    """Files requested."""
    fetched: int = 0
    """Files downloaded whole."""
    present: int = 0
    """Files that were there already."""
    absent: int = 0
    """Files that the archive does not have."""
    failed: int = 0
    """Files that could not be downloaded whole."""
    received: int = 0
    """Bytes received."""
    reason: str = ""
    """Why the last failed file failed."""

    @property
    def processed(self) -> int:
        """Files that need no further work in this download."""
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
    settings: TransferSettings,
    *,
    total: int,
    retry_absent: bool = False,
    unpack: bool = False,
    clock: Clock | None = None,
    progress: Progress = no_progress,
) -> DownloadCounts:
    """Download every requested file that a directory does not hold yet.

    Requests are taken one by one as there is room for them, so memory does not grow with their
    number. Another download into the same directory is waited for.

    Parameters
    ----------
    requests
        Files to download.
    out
        Directory.
    settings
        Connections, rate, retries and time limits.
    total
        Number of requests, for the progress.
    retry_absent
        Whether files that the archive did not have are requested again.
    unpack
        Whether compressed files are kept decompressed, where their requests allow it.
    clock
        Source of time; the machine's own where not given.
    progress
        Called after each file with the stage, files processed, files in all, and the rate.

    Returns
    -------
    DownloadCounts
        Numbers of files by outcome.

    Raises
    ------
    OutputError
        Where the directory cannot be written.
    RemoteError
        Where the service cannot be reached or has failed for many files in a row.
    """
    run = _DownloadRun(out, settings, DownloadCounts(total), clock or Clock())
    run.retry_absent, run.unpack, run.progress = retry_absent, unpack, progress
    return call_outside_event_loop(functools.partial(run.download, requests))


class _DownloadRun:
    """One call of `download_files`."""

    def __init__(
        self, out: Path, settings: TransferSettings, counts: DownloadCounts, clock: Clock
    ) -> None:
        """Set up the state of the run."""
        self.retry_absent = False
        self.unpack = False
        self.progress: Progress = no_progress
        self._start = clock.now()
        self._out, self._settings, self._counts, self._clock = out, settings, counts, clock
        self._busy: set[str] = set()
        self._failures_in_a_row = 0

    def download(self, requests: Iterable[FileRequest]) -> DownloadCounts:
        """Download all files, while no other process does in this directory."""
        with (
            open_locked_manifest(self._out) as manifest,
            ThreadPoolExecutor(os.cpu_count()) as pool,
        ):
            self._manifest, self._pool = manifest, pool
            partials = make_directory(self._out / PARTIALS)
            asyncio.run(self._process_all(iter(requests)))
            if not any(partials.iterdir()):
                partials.rmdir()
        return self._counts

    async def _process_all(self, requests: Iterator[FileRequest]) -> None:
        """Process all requests: while some use the connections, others are checked or wait."""
        async with HttpClient(self._settings, self._clock) as http:
            self._http, self._files = http, FileClient(http, self._manifest)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(2 * self._settings.connections):
                        group.create_task(self._work(requests))
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
            finally:
                await self._files.close()

    async def _work(self, requests: Iterator[FileRequest]) -> None:
        """Process one request after the other."""
        for request in requests:
            await self._process(request)
            self._counts.received = self._files.received
            rate = self._counts.describe_rate(self._clock.now() - self._start)
            self.progress(Stage.FILES, self._counts.processed, self._counts.total, rate)
            # files that are there already wait for nothing else, and an interruption must be heard
            await asyncio.sleep(0)

    async def _process(self, request: FileRequest) -> None:
        """Download one file unless its outcome is known; count and record what comes of it."""
        entry = self._manifest.get(request.path)
        partial = self._make_partial_path(request)
        if partial.name in self._busy or self._is_present(entry, request):
            self._counts.present += 1
            return
        if entry is not None and self._is_absent(entry, request):
            self._counts.absent += 1
            return
        self._busy.add(partial.name)
        try:
            await self._adopt_or_fetch(request, partial, entry)
        except NotFoundError as error:
            self._counts.absent += 1
            self._failures_in_a_row = 0
            self._record(request, "absent", reason=str(error))
        except PermanentError as error:
            self._counts.failed += 1
            self._counts.reason = str(error)
            self._record(request, "failed", reason=str(error))
            self._stop_after_many_failures(request, error)
        finally:
            self._busy.discard(partial.name)

    def _make_partial_path(self, request: FileRequest) -> Path:
        """Make the path of the temporary file; another source's bytes are never resumed by it."""
        key = f"{request.path}\n{request.source}"
        return self._out / PARTIALS / sha256(key.encode()).hexdigest()[:32]

    def _is_present(self, entry: ManifestEntry | None, request: FileRequest) -> bool:
        """Check whether a file has been accepted and is unchanged since."""
        if entry is None or entry.state != "done" or not entry.is_intact(self._out):
            return False
        compressed = self.unpack and _make_plain_name(request) not in {None, entry.stored}
        return _is_from(entry, request) and not compressed

    def _is_absent(self, entry: ManifestEntry, request: FileRequest) -> bool:
        """Check whether this very archive has answered that it has no such file."""
        return entry.state == "absent" and entry.url == request.url and not self.retry_absent

    async def _adopt_or_fetch(
        self, request: FileRequest, partial: Path, entry: ManifestEntry | None
    ) -> None:
        """Accept a file that lies there already, or fetch it."""
        stored = None
        if entry is None or entry.state != "done" or _is_from(entry, request):
            stored = await self._adopt(request)
        if stored is not None:
            self._counts.present += 1
        else:
            stored = await self._fetch(request, partial)
            self._counts.fetched += 1
        self._failures_in_a_row = 0
        self._record(request, "done", stored=stored)

    async def _fetch(self, request: FileRequest, partial: Path) -> str:
        """Attempt to get a file until it is whole; return its name below the directory."""
        attempt = functools.partial(self._attempt, request, partial)
        try:
            return await self._http.retry(request.url, attempt)
        except TransientError as error:
            if isinstance(error, UnreachableError) and not self._http.reached:
                reason = f"{error}; check the address and the network"
                raise RemoteError(request.base, reason) from error
            raise PermanentError(str(error), service_fault=not error.discard) from error

    async def _attempt(self, request: FileRequest, partial: Path) -> str:
        """Make one attempt at a file and check what came; keep only what can be resumed."""
        try:
            await self._files.attempt(request, partial)
            await _let_requests_go()
            work = functools.partial(_accept, request, partial, self._out, self.unpack)
            return await self._check(partial, work)
        except NotFoundError:
            partial.unlink(missing_ok=True)
            raise
        except TransientError as error:
            if error.discard:
                partial.unlink(missing_ok=True)
            raise
        except PermanentError as error:
            if not error.service_fault:
                partial.unlink(missing_ok=True)
            raise
        finally:
            if not partial.exists():
                self._manifest.forget_partial(partial.name)

    def _stop_after_many_failures(self, request: FileRequest, error: PermanentError) -> None:
        """Raise where the service fails for one file after the other."""
        self._failures_in_a_row = self._failures_in_a_row + 1 if error.service_fault else 0
        if self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise RemoteError(
                request.base,
                f"{MAX_FAILURES_IN_A_ROW} files in a row failed, the last with: {error}; run again"
                " later, finished files are kept",
            ) from error

    def _record(
        self, request: FileRequest, state: str, *, stored: str = "", reason: str = ""
    ) -> None:
        """Write an outcome into the manifest."""
        size = mtime_ns = 0
        if state == "done":
            stat = (self._out / stored).stat()
            size, mtime_ns = stat.st_size, stat.st_mtime_ns
        self._manifest.record(
            ManifestEntry(
                request.path,
                request.kind,
                request.url,
                state,
                stored if stored != request.path else "",
                size,
                mtime_ns,
                reason,
            )
        )

    async def _adopt(self, request: FileRequest) -> str | None:
        """Accept a file that lies under its final name; return the name it is kept by."""
        for name in (request.path, _make_plain_name(request)):
            path = self._out / (name or request.path)
            if path.is_file():
                work = functools.partial(_adopt, request, path, self._out, self.unpack)
                stored = await self._check(path, work)
                if stored is not None:
                    return stored
        return None

    async def _check(self, path: Path, work: Callable[[], R]) -> R:
        """Run the check of a file, that of a large one in another thread."""
        # a small file is checked sooner than another thread is started on it
        if path.stat().st_size < _SMALL:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


async def _let_requests_go() -> None:
    """Give way to the request that takes over the connection, before a file is checked."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _is_from(entry: ManifestEntry, request: FileRequest) -> bool:
    """Check whether a file came from a request's source; one that was there before is trusted."""
    return not entry.url or entry.url.endswith(request.source)


def _make_plain_name(request: FileRequest) -> str | None:
    """Make the name of a file that is kept decompressed; None where it cannot be."""
    plain = request.path.removesuffix(".bz2").removesuffix(".gz")
    return plain if request.decompressed_limit is not None and plain != request.path else None


def _adopt(request: FileRequest, path: Path, out: Path, unpack: bool) -> str | None:
    """Check a file that lies there; return the name it is kept by, None where it is not whole."""
    try:
        request.check(path)
    except (SurveyError, NotFoundError):
        return None
    return _keep(request, path, out, unpack)


def _accept(request: FileRequest, partial: Path, out: Path, unpack: bool) -> str:
    """Check what has come, move it to its final name, and return that."""
    try:
        request.check(partial)
    except SurveyError as error:
        with partial.open("rb") as file:
            head = file.read(_HEAD)
        overload = request.recognise_overload(head)
        reason = describe_error_page(head) or str(error)
        if overload:
            reason = "is a message that there were too many queries"
        raise TransientError(reason, rate_limited=overload, discard=True) from error
    return _keep(request, partial, out, unpack)


def _keep(request: FileRequest, path: Path, out: Path, unpack: bool) -> str:
    """Move a checked file to its final name, decompressed where that is asked for."""
    plain = _make_plain_name(request)
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
    """Move a file to its final name, making its folder where there is none."""
    try:
        if not final.parent.is_dir():
            make_directory(final.parent)
        path.replace(final)
    except OSError as error:
        raise OutputError(f"cannot write {final}: {error.strerror or error}") from error
