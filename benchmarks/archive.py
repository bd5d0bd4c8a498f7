"""Compare the speed of the mock archive with that of Python's own file server.

Usage: python benchmarks/archive.py SURVEY      (a directory made by `skyclass simulate`)
"""

import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from skyclass.mock_archive.server import serve_archive

ROUNDS = 5


class _Quiet(SimpleHTTPRequestHandler):
    """Python's own file server, without its log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep silent."""


def seconds(base: str, paths: list[str]) -> float:
    best = float("inf")
    with httpx2.Client(base_url=base) as client:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for path in paths:
                client.get(path).raise_for_status()
            best = min(best, time.perf_counter() - start)
    return best


def main(survey: Path) -> None:
    frames = sorted((survey / "frames").rglob("frame-*.fits.bz2"))
    names = [path.relative_to(survey / "frames").as_posix() for path in frames]
    megabytes = sum(path.stat().st_size for path in frames) / 1e6
    plain = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(survey / "frames")))
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    theirs = seconds(f"http://127.0.0.1:{plain.server_port}", [f"/{name}" for name in names])
    plain.shutdown()
    with serve_archive(survey, queries_per_minute=0) as url:
        ours = seconds(url, [f"/sas/dr17/eboss/photoObj/frames/{name}" for name in names])
    print(f"{len(frames)} frames, {megabytes:.0f} MB")
    print(f"archive {megabytes / ours:.0f} MB/s, http.server {megabytes / theirs:.0f} MB/s")
    print(f"ratio {theirs / ours:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
