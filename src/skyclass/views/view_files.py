"""Names of the files that show a table; nothing large is imported to check them."""

from pathlib import Path

from skyclass.errors import InferenceError
from skyclass.extras import check_installed
from skyclass.files import AnyPath

__all__ = ["check_picture", "check_region_file"]


def check_picture(out: AnyPath) -> None:
    """Check the name of a picture to be drawn, and that a page can be made if it is one.

    Parameters
    ----------
    out
        File to be written.

    Raises
    ------
    InferenceError
        If it ends neither with ``.png`` nor with ``.html``.
    MissingExtraError
        If Jinja, which makes the page, is not installed.
    """
    suffix = Path(out).suffix
    if suffix not in (".png", ".html"):
        raise InferenceError(f"{out} must end with .png (a picture) or .html (a page)")
    if suffix == ".html":
        check_installed("jinja2", purpose="the page of a field")


def check_region_file(out: AnyPath) -> None:
    """Check the name of a region file to be written.

    Parameters
    ----------
    out
        File to be written.

    Raises
    ------
    InferenceError
        If it does not end with ``.reg``.
    """
    if Path(out).suffix != ".reg":
        raise InferenceError(f"{out} must end with .reg, as region files of DS9 do")
