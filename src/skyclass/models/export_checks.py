"""Check the settings of an export before any work."""

from pathlib import Path
from typing import Final

from skyclass.errors import ModelError, OutputError
from skyclass.extras import check_installed
from skyclass.files import AnyPath

__all__ = ["FORMATS", "check_export"]

FORMATS: Final = ("onnx", "openvino")
"""Formats that a model can be exported in."""


def check_export(
    out: AnyPath,
    file_format: str,
    *,
    int8: bool,
    cutouts: AnyPath | None,
) -> None:
    """Check the settings of an export before any work.

    Parameters
    ----------
    out, file_format, int8, cutouts
        As `skyclass.pipeline.export_model.export_model` takes them.

    Raises
    ------
    ModelError
        If the format is unknown, or only one of `int8` and `cutouts` is given.
    OutputError
        If `out` exists.
    MissingExtraError
        If a library is not installed.
    """
    if file_format not in FORMATS:
        raise ModelError(f"file_format must be one of {', '.join(FORMATS)}, got {file_format!r}")
    if int8 and cutouts is None:
        raise ModelError("int8 needs cutouts: stored cutouts with labels, on which it is checked")
    if cutouts is not None and not int8:
        raise ModelError("cutouts has no effect without int8")
    if Path(out).exists():
        raise OutputError(f"{out} exists; name a folder that does not, or remove it")
    if file_format == "openvino":
        check_installed("openvino", purpose="the format openvino")
    if int8:
        check_installed("onnx", purpose="a model in 8 bits")
