"""What comes with the package: trained models by name, and a simulated field to try them on."""

from pathlib import Path
from typing import Final

from skyclass.errors import ModelError, nearest
from skyclass.models.spec_file import SPEC_FILE

__all__ = [
    "CHECKSUMS",
    "EXAMPLE",
    "find_bundled_model",
    "find_example_field",
    "list_bundled_models",
]

CHECKSUMS: Final = "checksums.json"
"""Name of the file beside the models with the SHA-256 of each of their files, and their recipe."""

EXAMPLE: Final = "example"
"""Name of the simulated field that comes with the package."""

_DATA: Final = Path(__file__).parent / "data"


def list_bundled_models() -> tuple[str, ...]:
    """List the models that come with the package.

    Returns
    -------
    tuple of str
        Their names, in alphabetical order.
    """
    return tuple(sorted(path.parent.name for path in _DATA.glob(f"*/{SPEC_FILE}")))


def find_bundled_model(name: str) -> Path:
    """Find the folder of a model that comes with the package.

    Parameters
    ----------
    name
        ``stars`` (spectral classes O to M) or ``objects`` (star, galaxy, quasar).

    Returns
    -------
    pathlib.Path
        With `config.json`, `model.onnx`, `model.safetensors` and the card, `README.md`.

    Raises
    ------
    ModelError
        If no model of that name comes with the package.
    """
    names = list_bundled_models()
    if name not in names:
        hint = f"; did you mean {nearest(name, names)!r}?" if names else ""
        raise ModelError(
            f"no model called {name!r} comes with skyclass{hint} (there are {', '.join(names)})"
        )
    return _DATA / name


def find_example_field() -> Path:
    """Find the frames of the simulated field that comes with the package.

    It is a part of a field, of 640 x 480 pixels in u g r i z. Its labelled objects, stars, are in
    `catalog.csv` beside the frames.

    Returns
    -------
    pathlib.Path
        Directory to classify.

    Examples
    --------
    >>> from skyclass.models.bundled import find_example_field
    >>> sorted(path.name[:7] for path in find_example_field().glob("*.fits.bz2"))
    ['frame-g', 'frame-i', 'frame-r', 'frame-u', 'frame-z']
    """
    return _DATA / EXAMPLE
