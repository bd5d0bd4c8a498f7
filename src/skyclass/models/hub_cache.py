"""Download files of the Hugging Face Hub, unless they are cached."""

from pathlib import Path
from typing import Final

import huggingface_hub
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from skyclass.errors import ModelError, RemoteError

__all__ = ["LARGEST", "download_hub_file", "download_pretrained_weights"]

LARGEST: Final = 8 * 2**30
"""Bytes of the largest file of weights that is downloaded: two thousand million weights."""
_WEIGHTS: Final = "model.safetensors"


def download_hub_file(repository: str, name: str, largest: int, revision: str = "main") -> Path:
    """Download a file of a repository, unless it is cached.

    Parameters
    ----------
    repository
        ``owner/name``.
    name
        Name of the file.
    largest
        Most bytes that are downloaded.
    revision
        Branch, tag or commit.

    Returns
    -------
    pathlib.Path
        In the cache of `huggingface_hub`, which checks its size and its hash.

    Raises
    ------
    RemoteError
        If the Hub is out of reach, has no such file, or it is too large.
    """
    cached = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision)
    if isinstance(cached, str):
        return Path(cached)
    api = huggingface_hub.HfApi()
    url = huggingface_hub.hf_hub_url(repository, name, revision=revision)
    try:
        size = api.get_hf_file_metadata(url=url).size
        if size is None or size > largest:
            raise RemoteError(url, f"{size} bytes, which is more than {largest}")
        return Path(api.hf_hub_download(repository, name, revision=revision))
    except RemoteError:
        raise
    except (EntryNotFoundError, RepositoryNotFoundError) as error:
        raise RemoteError(url, "there is no such file (or it is private)") from error
    except Exception as error:  # the library passes on those of its own transport
        raise RemoteError(url, f"cannot be downloaded ({type(error).__name__})") from error


def download_pretrained_weights(network: str) -> Path:
    """Download the pretrained weights of a timm model, unless they are cached.

    Parameters
    ----------
    network
        Model of timm, with or without the tag of weights.

    Returns
    -------
    pathlib.Path
        A safetensors file.

    Raises
    ------
    ModelError
        If there are no such weights, or they are neither cached nor available.
    """
    from skyclass.models.backbone import get_pretrained_config

    config = get_pretrained_config(network)
    if config is None or not (config.hf_hub_id or config.url):
        raise ModelError(
            f"{network} has no pretrained weights; set model.pretrained = false or model.weights,"
            " or add the tag of weights to model.name"
        )
    # all of timm's weights lie under its name there, also those that it still takes elsewhere
    repository = config.hf_hub_id or f"timm/{config.architecture}.{config.tag}"
    name = config.hf_hub_filename or _WEIGHTS
    if not name.endswith(".safetensors"):
        raise ModelError(
            f"the weights of {network} are not in safetensors ({name}); choose another tag"
        )
    try:
        return download_hub_file(repository, name, LARGEST)
    except RemoteError as error:
        raise ModelError(
            f"the pretrained weights of {network} are unavailable: {error}. Connect to the Hugging"
            " Face Hub once (they are cached), or download them elsewhere and set model.weights to"
            " the .safetensors file, or set model.pretrained = false"
        ) from error
