"""A page opened in Chromium: whatever else it asks for is refused and written down."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")


@dataclass
class Visit:
    """A page, and what went wrong on it."""

    page: "playwright.Page"
    messages: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def start_browser() -> Iterator["playwright.Browser"]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def visit(
    browser: "playwright.Browser", page: Path, *, kind: type[Visit] = Visit, **options: object
) -> Visit:
    """Open a page; the file itself is all that it may ask for."""
    context = browser.new_context(reduced_motion="reduce", **options)
    visited = kind(context.new_page())
    visited.page.set_default_timeout(10_000)

    def refuse(route: "playwright.Route") -> None:
        if route.request.url == page.as_uri():
            route.continue_()
        else:
            visited.asked.append(route.request.url)
            route.abort()

    context.route(re.compile("^(?!data:|blob:)"), refuse)
    visited.page.on("console", lambda message: visited.messages.append(message.text))
    visited.page.on("pageerror", lambda error: visited.messages.append(str(error)))
    visited.page.on(
        "dialog", lambda dialog: (visited.messages.append(dialog.message), dialog.dismiss())
    )
    visited.page.goto(page.as_uri())
    return visited
