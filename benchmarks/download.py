"""Downloads over loopback against `xargs -P 16 wget`, and what 100,000 tiny files cost.

Usage: python benchmarks/download.py [PICTURES FIELDS MANY]      (default 2000 2 100000)

The server, a process of its own, answers each request at once or after 50 ms. wget (curl where
there is none) writes whatever comes; `+ bzip2 -t` adds the checksums, the least of what skyclass
checks. Each download of skyclass runs in a fresh process, whose start is not counted.
"""

import asyncio
import bz2
import io
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from PIL import Image

CONNECTIONS = 16
SIDE = 64


def picture() -> bytes:
    """Make a cutout of 1 to 2 kB, as those of faint stars are."""
    pixels = np.random.default_rng(1).integers(0, 40, (SIDE, SIDE, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def frames(fields: int) -> dict[str, bytes]:
    """Make frames of the real size; their noise is cut to the bits that SDSS keeps."""
    from skyclass.config.sections import SurveyConfig
    from skyclass.surveys.file_kinds import Picture
    from skyclass.surveys.registry import get_file_kind
    from skyclass.surveys.sdss.layout import FRAME_LESS_FIELD, FRAME_SHAPE

    noise = np.random.default_rng(2).normal(0, 0.02, FRAME_SHAPE).astype(np.float32)
    bits = noise.view(np.uint32) & np.uint32(0xFFFFE000)
    made = {}
    for row in frame_table(fields).to_dict("records"):
        requests = get_file_kind("frames").files(row, SurveyConfig(), Picture())
        for band, request in zip("ugriz", requests, strict=True):
            hdu = fits.PrimaryHDU(bits.view(np.float32))
            number = row["field"] + FRAME_LESS_FIELD[band]
            hdu.header.update({"RUN": 94, "CAMCOL": 3, "FILTER": band, "FRAME": number})
            buffer = io.BytesIO()
            hdu.writeto(buffer)
            made[request.source] = bz2.compress(buffer.getvalue())
    return made


def frame_table(fields: int) -> pd.DataFrame:
    return pd.DataFrame({"rerun": 301, "run": 94, "camcol": 3, "field": np.arange(11, 11 + fields)})


def picture_table(count: int) -> pd.DataFrame:
    ids = np.arange(count, dtype=np.uint64) + np.uint64(1237648720693755918)
    return pd.DataFrame({"objid": ids, "ra": np.linspace(0, 359, count), "dec": 1.0})


class Answer(asyncio.Protocol):
    """Minimal HTTP/1.1, so that only the clients are measured."""

    files: dict[str, bytes] = {}  # noqa: RUF012 - set once, before the server starts
    default = b""
    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client."""
        self.transport = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        """Answer all complete requests."""
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, self.waiting = self.waiting.split(b"\r\n\r\n", 1)
            body = self.files.get(head.split(b" ", 2)[1].decode(), self.default)
            text = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {len(body)}\r\n\r\n'
            asyncio.get_running_loop().call_later(
                self.latency, self.transport.write, text.encode() + body
            )


def serve(files: dict[str, bytes], default: bytes, latency: float, port: object) -> None:
    async def forever() -> None:
        Answer.files, Answer.default, Answer.latency = files, default, latency
        server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


@contextmanager
def server(files: dict[str, bytes], default: bytes, latency: float) -> Iterator[str]:
    port = multiprocessing.Queue()
    process = multiprocessing.Process(target=serve, args=(files, default, latency, port))
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get()}"
    finally:
        process.terminate()
        process.join()


def run_skyclass(kind: str, url: str, count: int, out: Path) -> tuple[float, float, float]:
    """Download in a fresh process: seconds, peak MiB, and MiB before it began."""
    arguments = [sys.executable, __file__, "--run", kind, url, str(count), str(out)]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    seconds, peak, before = (float(text) for text in output.split())
    return seconds, peak, before


def work(kind: str, url: str, count: int, out: Path) -> None:
    from skyclass.config.sections import SurveyConfig
    from skyclass.surveys.download import download_kind

    table = frame_table(count) if kind == "frames" else picture_table(count)
    survey = SurveyConfig(base_url=url, rate=0, connections=CONNECTIONS)
    before = memory("VmRSS")
    start = time.perf_counter()
    counts = download_kind(table, out, kind, survey=survey)
    seconds = time.perf_counter() - start
    assert counts.failed == counts.absent == 0
    print(seconds, memory("VmHWM"), before)


def memory(name: str) -> float:
    """Read this process's own memory in MiB; `getrusage` counts that of its parent too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def run_wget(kind: str, url: str, count: int, out: Path, check: bool = False) -> float:
    """Fetch the same addresses with one wget or curl per file, 16 at once."""
    from skyclass.config.sections import SurveyConfig
    from skyclass.surveys.file_kinds import Picture
    from skyclass.surveys.registry import get_file_kind

    table = frame_table(count) if kind == "frames" else picture_table(count)
    survey, archive = SurveyConfig(base_url=url), get_file_kind(kind)
    out.mkdir()
    urls = [
        r.url for row in table.to_dict("records") for r in archive.files(row, survey, Picture())
    ]
    tool = "wget -q -O {n} {u}" if shutil.which("wget") else "curl -s -o {n} {u}"
    lines = [tool.format(n=out / str(n), u=f"'{u}'") for n, u in enumerate(urls)]
    start = time.perf_counter()
    text = "\n".join(f'"{line}"' for line in lines)
    command = ["xargs", "-P", str(CONNECTIONS), "-n", "1", "sh", "-c", "eval $0"]
    subprocess.run(command, input=text, text=True, check=True)
    if check:
        subprocess.run(
            ["xargs", "-P", "2", "-n", "1", "bzip2", "-t"],
            input="\n".join(str(path) for path in out.iterdir()),
            text=True,
            check=True,
        )
    return time.perf_counter() - start


def compare(kind: str, files: dict[str, bytes], default: bytes, count: int, work_in: Path) -> None:
    """Print seconds and ratios with and without latency."""
    total = len(files) or count
    for latency in (0.0, 0.05):
        with server(files, default, latency) as url:
            name = work_in / f"{kind}-{latency}"
            ours, _, _ = run_skyclass(kind, url, count, name / "ours")
            wget = run_wget(kind, url, count, name / "wget")
            line = f"{total} {kind}, {1000 * latency:.0f} ms: skyclass {ours:.2f} s"
            line += f" ({total / ours:.0f} files/s), wget {wget:.2f} s, ratio {wget / ours:.2f}"
            if kind == "frames":
                checked = run_wget(kind, url, count, name / "checked", check=True)
                line += f"; wget + bzip2 -t {checked:.2f} s, ratio {checked / ours:.2f}"
            print(line, flush=True)
        shutil.rmtree(name)


def many(count: int, work_in: Path) -> None:
    """Print time and memory for very many tiny files, and for a second run that finds them all."""
    for part in (count // 100, count // 10, count):
        with server({}, picture(), 0.0) as url:
            out = work_in / f"many-{part}"
            first, peak, before = run_skyclass("sdss-jpeg", url, part, out)
            again, _, _ = run_skyclass("sdss-jpeg", url, part, out)
            size = (out / "downloads.sqlite").stat().st_size
            print(
                f"{part} tiny JPEGs: {first:.1f} s ({part / first:.0f} files/s), memory"
                f" {peak:.0f} MiB, {peak - before:.0f} above the start; second run"
                f" {again:.1f} s ({part / again:.0f} files/s);"
                f" manifest {size / part:.0f} bytes a file",
                flush=True,
            )
        shutil.rmtree(out)


def main(pictures: int, fields: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work_in = Path(folder)
        for latency in (0.0, 0.05):
            (work_in / f"sdss-jpeg-{latency}").mkdir()
            (work_in / f"frames-{latency}").mkdir()
        compare("sdss-jpeg", {}, picture(), pictures, work_in)
        compare("frames", frames(fields), b"", fields, work_in)
        many(most, work_in)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
    else:
        main(*([int(text) for text in sys.argv[1:]] or [2000, 2, 100_000]))
