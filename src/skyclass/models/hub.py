"""Push models to the Hugging Face Hub, and pull them from there."""

import re
from pathlib import Path
from typing import Final

import huggingface_hub

from skyclass.errors import ModelError, RemoteError
from skyclass.files import AnyPath
from skyclass.models.hub_cache import LARGEST, download_hub_file
from skyclass.models.saved_model import SPEC_FILE, UPSCALER_FILE, WEIGHTS_FILE, load_model

__all__ = ["pull_model", "push_model", "resolve_model"]

_SCHEME: Final = "hf://"
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CARD: Final = "README.md"
_LARGEST: Final = {SPEC_FILE: 2**20, WEIGHTS_FILE: LARGEST, UPSCALER_FILE: LARGEST}
"""Files that are pulled, safetensors and JSON only, and most bytes of each."""


def resolve_model(model: str) -> Path:
    """Give the folder of a model, pulled first where it is named as one of the Hub.

    Parameters
    ----------
    model
        Path of a folder, or ``hf://owner/name``.

    Returns
    -------
    pathlib.Path
        For `load_model`.

    Raises
    ------
    ModelError, RemoteError
        As `pull_model`.
    """
    return pull_model(model.removeprefix(_SCHEME)) if model.startswith(_SCHEME) else Path(model)


def push_model(model: AnyPath, repository: str, *, private: bool = False) -> str:
    """Upload a saved model and its card; nothing else that lies in its folder.

    Parameters
    ----------
    model
        Folder of a saved model.
    repository
        ``owner/name``; made where there is none.
    private
        Whether a new repository is seen by its owner only.

    Returns
    -------
    str
        Address of the repository.

    Raises
    ------
    ModelError
        Where the folder holds no model, or the name is none of a repository.
    RemoteError
        Where the Hub cannot be reached or refuses.
    """
    model = Path(model)
    _check_name(repository)
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
        told = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RemoteError(url, f"{told}; log in with `hf auth login`") from error
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
        Folder in the cache of `huggingface_hub`, for `load_model`.

    Raises
    ------
    ModelError
        Where the name is none of a repository, or it holds no model of skyclass.
    RemoteError
        Where the Hub cannot be reached, or a file is too large.
    """
    _check_name(repository)
    api = huggingface_hub.HfApi()
    try:
        info = api.model_info(repository, revision=revision)
    except Exception as error:  # the library passes on those of its own transport
        url = f"{api.endpoint}/{repository}"
        raise RemoteError(url, f"cannot be read ({type(error).__name__})") from error
    there = {sibling.rfilename for sibling in info.siblings or ()}
    if not {SPEC_FILE, WEIGHTS_FILE} <= there:
        raise ModelError(
            f"{repository} holds no model of skyclass ({SPEC_FILE} and {WEIGHTS_FILE})"
        )
    paths = [
        download_hub_file(repository, name, largest, info.sha or revision)
        for name, largest in _LARGEST.items()
        if name in there
    ]
    return paths[0].parent


def _check_name(repository: str) -> None:
    """Refuse what names no repository."""
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise ModelError(f"{repository!r} names no repository; write owner/name")
