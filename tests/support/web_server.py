"""A small web server with every fault a test asks for, and a clock that only waits move."""

import io
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from skyclass.errors import SurveyError
from skyclass.transfer.rate_limit import Clock


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
        # before the client can see the end of an empty answer
        server.log.append((self.path, dict(self.headers), len(body)))
        self.end_headers()
        self._send(reply, body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    do_PUT = do_POST  # noqa: N815

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


def picture_bytes(size: tuple[int, int], kind: str = "JPEG") -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def large_jpeg() -> bytes:
    """Make a JPEG that says it has as many pixels as a JPEG can."""
    body = bytearray(picture_bytes((64, 64)))
    start = body.index(b"\xff\xc0") + 5
    body[start : start + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(body)


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
