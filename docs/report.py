"""Make the pictures of the page on the report: python docs/report.py EXPERIMENT.

It needs Chromium in /usr/bin and the Python package playwright.
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "images" / "report"
LAPTOP = {"width": 1180, "height": 1120}
PHONE = {"width": 390, "height": 844}


def keep(shot: bytes, name: str, width: int) -> None:
    """Write a screenshot in few colours."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image = image.resize((width, round(image.height * width / image.width)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    # the usual way of choosing colours forgets those that are rare
    few = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


def laptop(page: Page) -> None:
    """Show the top, a cell's objects and the saliency."""
    keep(page.screenshot(), "top", 900)
    cells = page.locator(".matrix button")
    counts = cells.evaluate_all(
        "all => all.map((e) => e.dataset.label === e.dataset.predicted ? 0 : +e.textContent)"
    )
    cells.nth(counts.index(max(counts))).click()
    keep(page.screenshot(clip={"x": 0, "y": 0, "width": 1180, "height": 820}), "objects", 900)
    keep(page.locator("#saliency").screenshot(), "saliency", 700)


def phone(page: Page) -> list[Image.Image]:
    """Show some places."""
    shots = []
    for place in ("header", "#confusion", "#colours", "#features"):
        page.locator(place).evaluate("(element) => element.scrollIntoView()")
        page.wait_for_function("document.querySelectorAll('.plot').length > 0")
        page.wait_for_timeout(1500)
        shots.append(Image.open(io.BytesIO(page.screenshot())))
    return shots


def main(report: Path) -> None:
    """Make all pictures."""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )

        def opened(**options: Any) -> Page:
            page = browser.new_context(reduced_motion="reduce", **options).new_page()
            page.goto(report.resolve().as_uri())
            return page

        laptop(opened(viewport=LAPTOP))
        shots = phone(opened(viewport=PHONE, color_scheme="dark"))
        browser.close()
    row = Image.new("RGB", (len(shots) * (PHONE["width"] + 20) - 20, PHONE["height"]), "white")
    for i, shot in enumerate(shots):
        row.paste(shot, (i * (PHONE["width"] + 20), 0))
    buffer = io.BytesIO()
    row.save(buffer, format="png")
    keep(buffer.getvalue(), "phone", 1100)


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "report.html")
