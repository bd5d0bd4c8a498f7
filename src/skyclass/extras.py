"""Optional dependencies: which extra installs a module, and the message where it is missing."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from skyclass.errors import MissingExtraError

__all__ = ["EXTRAS", "check_installed", "explain_missing", "is_installed"]

EXTRAS: Final = {
    "report": ("jinja2", "matplotlib", "plotly", "scipy", "sklearn", "threadpoolctl"),
    "train": ("torch", "torchvision", "timm", "lightning", "captum", "tensorboard", "onnx"),
    "hub": ("huggingface_hub",),
    "simulation": ("galsim",),
    "archive": ("duckdb", "sqlglot"),
    "formats": ("h5py", "reproject", "zarr"),
    "cluster": ("dask", "distributed"),
    "search": ("optuna",),
    "upscale": ("spandrel",),
    "vo": ("pyvo", "mocpy"),
    "hats": ("lsdb",),
    "openvino": ("openvino",),
}
"""Modules that each extra installs beyond the core."""

_EXTRA_OF: Final = {module: extra for extra, modules in EXTRAS.items() for module in modules}


def check_installed(*modules: str, purpose: str = "") -> None:
    """Check that optional modules are installed, without importing them.

    Parameters
    ----------
    modules
        Names of modules of `EXTRAS`.
    purpose
        What needs them, for the message.

    Raises
    ------
    MissingExtraError
        If one is not installed; the message names its extra.

    Examples
    --------
    >>> from skyclass.extras import check_installed
    >>> check_installed("torch", purpose="a training")
    """
    for module in modules:
        if not is_installed(module):
            raise MissingExtraError(_format(module, purpose), name=module)


@contextmanager
def explain_missing() -> Generator[None]:
    """Raise `MissingExtraError` in place of the error of an import that needs an extra.

    Examples
    --------
    >>> from skyclass.extras import explain_missing
    >>> with explain_missing():
    ...     import torch
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in _EXTRA_OF:
            raise
        raise MissingExtraError(_format(module), name=module) from error


def is_installed(module: str) -> bool:
    """Look for a module, without importing it.

    Parameters
    ----------
    module
        Name of a module.

    Returns
    -------
    bool
        Whether it can be imported.
    """
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _format(module: str, purpose: str = "") -> str:
    """Name the module and the command that installs it."""
    missing = f"{purpose} needs {module}, which" if purpose else module
    return f"{missing} is not installed; pip install 'skyclass[{_EXTRA_OF[module]}]'"
