"""Where a model lies: by the name of a bundled one, the name of one on the Hub, or its folder."""

import logging
import os
from pathlib import Path

from skyclass.errors import ModelError
from skyclass.extras import explain_missing
from skyclass.files import AnyPath
from skyclass.models.bundled import find_bundled_model, list_bundled_models
from skyclass.schema import HUB_SCHEME

__all__ = ["locate_model"]

_log = logging.getLogger(__name__)


def locate_model(model: AnyPath) -> Path:
    """Locate the folder of a model, which is downloaded if it is one of the Hub.

    Parameters
    ----------
    model
        Name of a model that comes with the package, as a string; ``hf://owner/name`` of the Hugging
        Face Hub; or path of a folder. A folder called like a bundled model is reached as
        ``./stars``, or as a `pathlib.Path`.

    Returns
    -------
    pathlib.Path
        Folder of the model; what is in it is left to its reader.

    Raises
    ------
    MissingExtraError
        If it is one of the Hub, and the client of the Hub is not installed.
    ModelError
        If a name without any dot or slash is neither that of a bundled model nor of a folder.
    ModelError, RemoteError
        As `skyclass.models.push_pull.pull_model` raises them.

    Examples
    --------
    >>> from skyclass.models.locate_model import locate_model
    >>> locate_model("./stars").name
    'stars'
    """
    name = os.fspath(model)
    if name.startswith(HUB_SCHEME):
        with explain_missing():
            # it saves models, which are loaded from where this function finds them
            from skyclass.models.push_pull import pull_model
        return pull_model(name.removeprefix(HUB_SCHEME))
    path, bundled = Path(model), list_bundled_models()
    if isinstance(model, str) and name in bundled:
        if path.is_dir():
            _log.warning("%s is the model that comes with skyclass; the folder is ./%s", name, name)
        return find_bundled_model(name)
    if name.isidentifier() and not path.exists():
        raise ModelError(
            f"there is no folder {name!r}, and the models that come with skyclass are called"
            f" {', '.join(bundled)}"
        )
    return path
