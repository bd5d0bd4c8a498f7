"""Push models to the Hugging Face Hub, and pull them from there."""

import re
from pathlib import Path
from typing import Final

import huggingface_hub

from skyclass.errors import ModelError, RemoteError
from skyclass.files import AnyPath
from skyclass.models.calibration_objects import CALIBRATION_FILE
from skyclass.models.hub_cache import LARGEST, download_hub_file
from skyclass.models.onnx_model import LARGEST_ONNX, ONNX_FILE
from skyclass.models.saved_model import load_model
from skyclass.models.spec_file import SPEC_FILE, UPSCALER_FILE, WEIGHTS_FILE

__all__ = ["pull_model", "push_model"]

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CARD: Final = "README.md"
_LARGEST: Final = {
    SPEC_FILE: 2**20,
    WEIGHTS_FILE: LARGEST,
    ONNX_FILE: LARGEST_ONNX,
    CALIBRATION_FILE: LARGEST,
    UPSCALER_FILE: LARGEST,
}
"""Files that are pulled, none of which can run code, and most bytes of each."""


def push_model(model: AnyPath, repository: str, *, private: bool = False) -> str:
    """Upload a saved model and its card; nothing else that lies in its folder.

    Parameters
    ----------
    model
        Folder of a saved model.
    repository
        ``owner/name``; created if there is none.
    private
        Whether a new repository is visible to its owner only.

    Returns
    -------
    str
        Address of the repository.

    Raises
    ------
    ModelError
        If the folder holds no model, or the name is not that of a repository.
    RemoteError
        If the Hub is out of reach or refuses.
    """
    model = Path(model)
    _check_repository(repository)
    load_model(model)
    api = huggingface_hub.HfApi()
    url = f"{api.endpoint}/{repository}"
    try:
        api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            folder_path=model,
            allow_patterns=[*_LARGEST, _CARD],
            commit_message="Model trained with skyclass",
        )
    except Exception as error:  # the library passes on those of its own transport
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RemoteError(url, f"{reason}; log in with `hf auth login`") from error
    return url


def pull_model(repository: str, *, revision: str = "main") -> Path:
    """Download a saved model: its weights and its configuration, nothing that can run code.

    Parameters
    ----------
    repository
        ``owner/name``.
    revision
        Branch, tag or commit.

    Returns
    -------
    pathlib.Path
        Folder in the cache of `huggingface_hub`.

    Raises
    ------
    ModelError
        If the name is not that of a repository, or the repository holds no model of skyclass.
    RemoteError
        If the Hub is out of reach, or a file is too large.
    """
    _check_repository(repository)
    api = huggingface_hub.HfApi()
    try:
        info = api.model_info(repository, revision=revision)
    except Exception as error:  # the library passes on those of its own transport
        url = f"{api.endpoint}/{repository}"
        raise RemoteError(url, f"cannot be read ({type(error).__name__})") from error
    names = {sibling.rfilename for sibling in info.siblings or ()}
    if not {SPEC_FILE, WEIGHTS_FILE} <= names:
        raise ModelError(
            f"{repository} holds no model of skyclass ({SPEC_FILE} and {WEIGHTS_FILE})"
        )
    paths = [
        download_hub_file(repository, name, largest, info.sha or revision)
        for name, largest in _LARGEST.items()
        if name in names
    ]
    return paths[0].parent


def _check_repository(repository: str) -> None:
    """Check that a name is that of a repository."""
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise ModelError(f"repository {repository!r} is invalid; write owner/name")
