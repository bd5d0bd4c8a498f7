"""A model that travels to workers by the name of its folder, and is loaded once in each."""

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from skyclass.files import AnyPath
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.workspace import hash_file

__all__ = ["WorkerModel"]


class WorkerModel:
    """A loaded model that can be pickled whatever computes it: what is pickled is its folder.

    Parameters
    ----------
    folder
        Folder of the model, which workers see under the same path, or another name that
        `skyclass.models.predictor.load_predictor` takes.
    predictor
        The model as it is loaded here.
    runtime
        What computes it, as `load_predictor` takes it.

    Attributes
    ----------
    predictor
        The model as it is loaded in this process.
    content
        16 hexadecimal digits that differ where the model does.
    """

    def __init__(self, folder: AnyPath, predictor: Predictor, runtime: str | None = None) -> None:
        self.predictor, self._runtime = predictor, runtime
        self._folder = str(Path(folder).absolute()) if Path(folder).is_dir() else os.fspath(folder)
        self.content = _hash_model(self._folder, runtime)

    def __reduce__(self) -> tuple[object, tuple[str, str | None, str]]:
        """Pickle the folder, and what it must hold."""
        return _load, (self._folder, self._runtime, self.content)


@lru_cache(maxsize=1)
def _load(folder: str, runtime: str | None, _content: str) -> WorkerModel:
    """Load a model, once in a process unless its content has changed."""
    return WorkerModel(folder, load_predictor(folder, runtime), runtime)


def _hash_model(folder: str, runtime: str | None) -> str:
    """Hash a runtime, and the names and content of a model's files; of one elsewhere, its name."""
    files = sorted(path for path in Path(folder).glob("*") if path.is_file())
    text = "\n".join([*(f"{path.name} {hash_file(path)}" for path in files)] or [folder])
    text += f"\n{runtime or ''}"
    return sha256(text.encode()).hexdigest()[:16]
