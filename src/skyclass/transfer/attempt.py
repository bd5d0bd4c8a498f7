"""One attempt at one file: send the request, resume what was begun, stop what does not end."""

import asyncio
import re
from collections import OrderedDict
from pathlib import Path
from typing import Final

import httpx2

from skyclass.errors import OutputError, SurveyError
from skyclass.transfer.errors import NotFoundError, PermanentError, TransientError
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.http_client import HttpClient, parse_length, raise_for_status
from skyclass.transfer.manifest import Manifest, PartialFile
from skyclass.transfer.mirror import copy_from_mirror

__all__ = ["FileClient"]

_MIN_RESUMABLE: Final = 256 * 1024
_MAX_LOOKUP: Final = 2**20
_LOOKUPS_KEPT: Final = 256
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class FileClient:
    """Makes attempts at files, and remembers which partial files can be resumed."""

    def __init__(self, http: HttpClient, manifest: Manifest) -> None:
        """Prepare a client; nothing is sent yet.

        Parameters
        ----------
        http
            Connections, rate limits and time limits.
        manifest
            Where partial files are recorded.
        """
        self._http = http
        self._manifest = manifest
        self._lookups: OrderedDict[str, asyncio.Task[str]] = OrderedDict()
        self.received = 0
        """Bytes of files received."""

    async def close(self) -> None:
        """Cancel the lookups that are still running."""
        for task in self._lookups.values():
            task.cancel()
        await asyncio.gather(*self._lookups.values(), return_exceptions=True)

    async def attempt(self, request: FileRequest, target: Path) -> None:
        """Make one attempt at a file; what came stays in `target` even where it breaks off.

        Parameters
        ----------
        request
            File to download.
        target
            Temporary file; it is resumed where an earlier attempt left it, if the server allows.

        Raises
        ------
        NotFoundError, PermanentError, TransientError
            Where the file did not come whole.
        OutputError
            Where it cannot be written.
        RemoteError
            Where the server asks for a long pause.
        """
        if request.base.startswith("file:"):
            await asyncio.to_thread(copy_from_mirror, request, target)
            self.received += target.stat().st_size
            return
        limit = self._http.settings.attempt_timeout
        try:
            async with asyncio.timeout(limit):
                url = request.url if request.resolve is None else await self._resolve(request)
                await self._receive(url, request, target)
        except TimeoutError as error:
            raise TransientError(f"took more than {limit:g} s") from error

    async def _resolve(self, request: FileRequest) -> str:
        """Ask the service for the file's own address; files of one object share the answer."""
        assert request.resolve is not None
        text = await asyncio.shield(self._look_up(request.url))
        try:
            source = request.resolve(text)
        except SurveyError as error:
            self._lookups.pop(request.url, None)
            limited = request.recognise_overload(text.encode())
            raise TransientError(f"the service's answer {error}", rate_limited=limited) from error
        if source is None:
            raise NotFoundError("outside the footprint")
        return request.base.rstrip("/") + source

    def _look_up(self, url: str) -> "asyncio.Task[str]":
        """Return the task that asks the service, a new one where the last has failed."""
        task = self._lookups.get(url)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._read_text(url))
            self._lookups[url] = task
            while len(self._lookups) > _LOOKUPS_KEPT:
                self._lookups.popitem(last=False)
        return task

    async def _read_text(self, url: str) -> str:
        """Download a short text."""
        response, text = await self._http.read_text("GET", url, _MAX_LOOKUP)
        raise_for_status(response)
        return text

    async def _receive(self, url: str, request: FileRequest, target: Path) -> None:
        """Write a body to a file, after what the file holds of it already."""
        partial = self._find_partial(target)
        start = target.stat().st_size if partial else 0
        headers = {"Range": f"bytes={start}-", "If-Range": partial.validator} if partial else {}
        async with self._http.stream("GET", url, headers=headers) as response:
            raise_for_status(response)
            if response.status_code == 206:
                if partial is None or not _continues(response, start, partial):
                    raise TransientError(
                        "the server sent a part other than the one requested", discard=True
                    )
            else:
                start = 0
                self._begin(target, response)
            length = parse_length(response)
            if length is not None and start + length > request.limit:
                raise PermanentError(f"has {start + length} bytes, more than {request.limit}")
            size = await self._write(response, target, start, request.limit)
        if length is not None and size != start + length:
            raise TransientError(f"has {size} bytes of {start + length}")

    async def _write(self, response: httpx2.Response, target: Path, start: int, limit: int) -> int:
        """Write a body, stop where it exceeds the limit, and return the size of the file."""
        size = start
        try:
            with target.open("ab" if start else "wb") as file:
                async for piece in response.aiter_raw():
                    size += len(piece)
                    self.received += len(piece)
                    if size > limit:
                        raise PermanentError(f"does not end after {limit} bytes")
                    file.write(piece)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
        return size

    def _find_partial(self, target: Path) -> PartialFile | None:
        """Look up what is known of a partial file; None where it cannot be resumed."""
        partial = self._manifest.get_partial(target.name)
        if partial is None or not target.is_file():
            return None
        return partial if 0 < target.stat().st_size < partial.total else None

    def _begin(self, target: Path, response: httpx2.Response) -> None:
        """Record which version of a file is being written, if it can be recognised later."""
        etag = response.headers.get("ETag", "")
        validator = "" if etag.startswith("W/") else etag
        validator = validator or response.headers.get("Last-Modified", "")
        ranges = response.headers.get("Accept-Ranges", "bytes") == "bytes"
        total = parse_length(response) or 0
        if validator and ranges and total >= _MIN_RESUMABLE:
            # else the old bytes could be taken for a part of the new version after an interruption
            target.unlink(missing_ok=True)
            self._manifest.record_partial(target.name, PartialFile(validator, total))
        else:
            self._manifest.forget_partial(target.name)


def _continues(response: httpx2.Response, start: int, partial: PartialFile) -> bool:
    """Check whether a part begins where a partial file ends, and belongs to the same version."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return False
    first, last, total = (int(number) for number in match.groups())
    etag = response.headers.get("ETag")
    same = etag is None or not partial.validator.startswith('"') or etag == partial.validator
    return same and first == start and total == partial.total and last == total - 1
