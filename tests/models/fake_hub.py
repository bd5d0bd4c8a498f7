"""A Hugging Face Hub on this machine: what pushing and pulling need of its HTTP interface."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import huggingface_hub.constants
import pytest

COMMIT = "c" * 40


class Hub(BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {}

    def do_HEAD(self) -> None:
        self.answer_file()

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[:2] != ["api", "models"]:
            return self.answer_file()
        repository = "/".join(parts[2:4])
        names = [name.split("/", 2)[2] for name in self.files if name.startswith(repository + "/")]
        if not names:
            return self.answer(404, {"error": "Repository not found"})
        siblings = [{"rfilename": name} for name in names]
        return self.answer(200, {"id": repository, "sha": COMMIT, "siblings": siblings})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[1:] == ["repos", "create"]:
            request = json.loads(body)
            repository = f"{request['organization']}/{request['name']}"
            return self.answer(200, {"url": f"{self.url}/{repository}"})
        if parts[1] == "validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        repository = "/".join(parts[2:4])
        if parts[4] == "preupload":
            names = [file["path"] for file in json.loads(body)["files"]]
            files = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            return self.answer(200, {"files": files})
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                content = base64.b64decode(line["value"]["content"])
                self.files[f"{repository}/{line['value']['path']}"] = content
        return self.answer(
            200,
            {
                "success": True,
                "commitOid": COMMIT,
                "commitUrl": f"{self.url}/{repository}/commit/{COMMIT}",
            },
        )

    def answer_file(self) -> None:
        parts = self.path.strip("/").split("/", 4)
        content = self.files.get("/".join((*parts[:2], *parts[4:])))
        if content is None:
            headers = {"X-Error-Code": "EntryNotFound"}
            return self.answer(404, {"error": "Entry not found"}, headers)
        digest = sha256(content).hexdigest()
        return self.send(200, content, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT})

    @property
    def url(self) -> str:
        return f"http://{self.headers['Host']}"

    def answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(value).encode(), headers or {})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Serve a Hub, let the library speak to it, and yield its files by ``owner/name/path``."""
    files: dict[str, bytes] = {}
    handler = type("OneHub", (Hub,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    point_library_to(f"http://127.0.0.1:{server.server_port}", cache, monkeypatch)
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()


def point_library_to(url: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library speak to a server in place of the Hub."""
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
