"""Locate and read the weights that a network starts from."""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from skyclass.errors import ModelError
from skyclass.models.locate_model import locate_model
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import SPEC_FILE, WEIGHTS_FILE, read_spec

__all__ = ["locate_weights", "read_stored_spec", "read_weights"]

_ENDING: Final = ".safetensors"


def locate_weights(weights: str) -> Path:
    """Locate the file of the weights that `model.weights` names.

    Parameters
    ----------
    weights
        A ``.safetensors`` file, the folder of a saved model, the name of one that comes with the
        package, or ``hf://owner/name`` of the Hugging Face Hub, which is downloaded unless it is
        cached.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ModelError
        If there is no such file, or it has another suffix.
    RemoteError
        If the Hub is out of reach.
    """
    path = locate_model(weights)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if path.suffix != _ENDING:
        raise ModelError(
            f"{path} is not a {_ENDING} file, and no other form is read: a pickle can run code;"
            " convert it with safetensors.torch.save_file"
        )
    if not path.is_file():
        raise ModelError(
            f"model.weights = {weights}: there is no file {path}; name a {_ENDING} file or the"
            " folder of a saved model"
        )
    return path


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of weights; nothing in it is executed.

    Parameters
    ----------
    path
        A ``.safetensors`` file.

    Returns
    -------
    dict
        Tensors by name.

    Raises
    ------
    ModelError
        If it is no such file.
    """
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} holds no weights: {str(error).splitlines()[0]}") from error


def read_stored_spec(path: Path) -> ModelSpec | None:
    """Read the specification of the saved model that a file of weights belongs to.

    Parameters
    ----------
    path
        File of weights.

    Returns
    -------
    ModelSpec or None
        None if no specification of skyclass lies beside it.
    """
    if path.name != WEIGHTS_FILE or not (path.parent / SPEC_FILE).is_file():
        return None
    try:
        return read_spec(path.parent)
    except ModelError:
        # other programs write a file of that name, too
        return None
