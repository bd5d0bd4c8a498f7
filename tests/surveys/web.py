"""A small web server with every fault a test asks for, and small frames to serve."""

import bz2
import io
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from PIL import Image

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys.download import download
from skyclass.surveys.sdss.frames import FRAME_LESS_FIELD, Field, frame_path
from skyclass.transfer.downloader import PARTIALS
from skyclass.transfer.rate_limit import Clock

KEY = Field(301, 94, 3, 12)
FOLDER = "/sas/dr17/eboss/photoObj/frames/"


@dataclass
class Reply:
    """What the server answers once."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None
    endless: bool = False
    hold: threading.Event | None = None


class Server:
    """Serves `files` with ETag and Range, unless a path has `faults` left, which come first."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Reply]] = {}
        self.log: list[tuple[str, dict[str, str], int]] = []
        self.ranges = True
        outer = self

        class Handler(_Handler):
            server_of_test = outer

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.log]

    def reply(self, path: str) -> Reply:
        if self.faults.get(path):
            return self.faults[path].pop(0)
        place = path.split("?")[0]
        found = self.files.get(path, self.files.get(place))
        if found is None:
            return Reply(b"not here", 404)
        return Reply(found, headers={"ETag": f'"{hash(found)}"'} if self.ranges else {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_test: Server

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server_of_test
        reply = server.reply(self.path)
        start, etag = 0, reply.headers.get("ETag")
        if reply.status == 200 and "Range" in self.headers and server.ranges:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            start = start if self.headers.get("If-Range") == etag else 0
        self.send_response(206 if start else reply.status)
        if start:
            total = len(reply.body)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        body = reply.body[start:]
        if not reply.endless:
            length = len(body) if reply.declared is None else reply.declared
            self.send_header("Content-Length", str(length))
        self.end_headers()
        entry = (self.path, dict(self.headers), len(body))
        server.log.append(entry)
        self._send(reply, body)

    def _send(self, reply: Reply, body: bytes) -> None:
        try:
            self.wfile.write(body)
            while reply.endless:
                self.wfile.write(body)
            if reply.hold is not None:
                reply.hold.wait(30)
        except OSError:
            pass
        if reply.declared is not None or reply.endless:
            self.close_connection = True


@dataclass
class FakeClock:
    """Time that passes only when somebody waits."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)


def frame_bytes(key: Field, band: str, rows: int = 20, **cards: object) -> bytes:
    """Make a packed frame; noise does not shrink, so `rows` sets its size."""
    rng = np.random.default_rng([key.run, key.field, ord(band)])
    hdu = fits.PrimaryHDU(rng.normal(size=(rows, 500)).astype(np.float32))
    header = {
        "RUN": key.run,
        "CAMCOL": key.camcol,
        "FILTER": band,
        "FRAME": key.field + FRAME_LESS_FIELD[band],
    }
    hdu.header.update(header | cards)
    buffer = io.BytesIO()
    fits.HDUList([hdu, fits.ImageHDU(np.ones(10, np.float32))]).writeto(buffer)
    return bz2.compress(buffer.getvalue())


def frame_url(key: Field, band: str) -> str:
    return FOLDER + frame_path(key, band).as_posix()


def catalog_of(*keys: Field) -> pd.DataFrame:
    names = ("rerun", "run", "camcol", "field")
    return pd.DataFrame([[getattr(key, name) for name in names] for key in keys], columns=names)


def serve_field(server: Server, key: Field, rows: int = 20) -> None:
    for band in "ugriz":
        server.files[frame_url(key, band)] = frame_bytes(key, band, rows)


def picture_bytes(size: tuple[int, int], kind: str = "JPEG") -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def at(server: Server, **changes: object) -> SurveyConfig:
    """Settings for the test's server: no limit of rate."""
    return SurveyConfig.model_validate({"base_url": server.url, "rate": 0, **changes})


def run(server: Server, out: Path, fake: FakeClock, *keys: Field, **options):
    """Download the frames of some fields, by default of `KEY`."""
    settings = {name: options.pop(name) for name in ("retries", "connections") if name in options}
    table = catalog_of(*(keys or (KEY,)))
    return download(table, out, survey=at(server, **settings), clock=fake.clock, **options)


def assert_complete(server: Server, out: Path, *keys: Field) -> None:
    for key in keys or (KEY,):
        for band in "ugriz":
            path = out / frame_path(key, band)
            assert path.read_bytes() == server.files[frame_url(key, band)]
    assert not (out / PARTIALS).exists()


def flipped(body: bytes) -> bytes:
    """Change one bit in the middle."""
    changed = bytearray(body)
    changed[len(body) // 2] ^= 4
    return bytes(changed)


def wait_for(condition) -> None:
    never = threading.Event()
    for _ in range(3000):
        try:
            if condition():
                return
        except (SurveyError, OSError):
            pass
        never.wait(0.01)
    raise AssertionError("never happened")
