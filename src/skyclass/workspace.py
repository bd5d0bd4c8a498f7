"""The directory of an experiment: the names of the files in it, marks of complete stages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from skyclass._version import __version__
from skyclass.files import atomic_path

__all__ = [
    "COLUMNS_FOLDER",
    "SETTINGS_WITHOUT_EFFECT",
    "DataPaths",
    "Workspace",
    "fingerprint",
    "hash_file",
    "hash_plugins",
    "is_done",
    "mark_done",
]

COLUMNS_FOLDER: Final = "columns"
"""Columns of the catalogue that a model sees, beside the cutouts."""

SETTINGS_WITHOUT_EFFECT: Final = {
    "survey": {"base_url", "connections", "rate", "retries", "timeout"}
}
"""Sections and keys of an experiment file that change no result: how the same files are fetched."""


@dataclass(frozen=True)
class DataPaths:
    """Where the data of one or several experiments lie."""

    catalog: Path
    """Parquet file of the clean, labelled, split objects."""
    query: Path
    """Folder for the answers of a query."""
    cutouts: Path
    """Folder of cutouts; if several experiments share objects, it holds one folder for each source
    of pixels."""
    logs: Path
    """Folder of stage marks."""


@dataclass(frozen=True)
class Workspace:
    """The directory of an experiment, or of a search for its settings.

    Examples
    --------
    >>> Workspace(Path("first")).metrics.as_posix()
    'first/metrics.json'
    """

    root: Path
    """The directory."""

    @property
    def data(self) -> DataPaths:
        """Paths of the experiment's own data."""
        return DataPaths(
            catalog=self.catalog,
            query=self.root / "query",
            cutouts=self.cutouts,
            logs=self.logs,
        )

    @property
    def experiment_file(self) -> Path:
        """The experiment with all its defaults."""
        return self.root / "experiment.toml"

    @property
    def evaluation_file(self) -> Path:
        """What was evaluated, in place of an experiment, where a saved model was checked."""
        return self.root / "evaluation.json"

    @property
    def catalog(self) -> Path:
        """Clean, labelled, split objects."""
        return self.root / "catalog.parquet"

    @property
    def cutouts(self) -> Path:
        """Folder of cutouts."""
        return self.root / "cutouts"

    @property
    def logs(self) -> Path:
        """Folder of stage marks, training curves and logs."""
        return self.root / "logs"

    @property
    def model(self) -> Path:
        """Folder of the trained model."""
        return self.root / "model"

    @property
    def metrics(self) -> Path:
        """Scores of the test objects."""
        return self.root / "metrics.json"

    @property
    def predictions(self) -> Path:
        """Probabilities of every test object."""
        return self.root / "predictions.parquet"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.root / "report.html"

    @property
    def figures(self) -> Path:
        """Folder of figures for a paper."""
        return self.root / "figures"

    @property
    def learning_rate_plot(self) -> Path:
        """Loss against learning rate."""
        return self.root / "learning-rate.png"

    @property
    def trials(self) -> Path:
        """Folder of the models that a search tries."""
        return self.root / "trials"

    @property
    def best_experiment_file(self) -> Path:
        """The experiment with the best settings of a search."""
        return self.root / "best.toml"

    def is_done(self, stage: str, mark: str) -> bool:
        """Check whether a stage is complete, as `skyclass.workspace.is_done` does.

        Parameters
        ----------
        stage, mark
            Name of the stage and fingerprint of its input.

        Returns
        -------
        bool
            Whether it is.
        """
        return is_done(self.logs, stage, mark)

    def mark_done(self, stage: str, mark: str) -> None:
        """Record that a stage is complete.

        Parameters
        ----------
        stage, mark
            Name of the stage and fingerprint of its input.
        """
        mark_done(self.logs, stage, mark)


def hash_file(path: Path) -> str:
    """Hash the content of a file of any size.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def hash_plugins(plugins: Iterable[str]) -> list[str]:
    """Hash the plugins that are files, so that what they changed is made again.

    Parameters
    ----------
    plugins
        As `plugins` of an experiment that was read.

    Returns
    -------
    list of str
        One hash each; installed modules, which have versions of their own, are left out.
    """
    return [hash_file(Path(plugin)) for plugin in plugins if plugin.endswith(".py")]


def fingerprint(*parts: Any) -> str:
    """Hash the input of a stage.

    Parameters
    ----------
    *parts
        Values that JSON can hold; the version of skyclass is added.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return sha256(json.dumps([__version__, *parts], default=str).encode()).hexdigest()[:16]


def is_done(logs: Path, stage: str, mark: str) -> bool:
    """Check whether a stage is complete and was made from the same input.

    Parameters
    ----------
    logs
        Folder of the marks.
    stage
        Name of the stage.
    mark
        Fingerprint of its input.

    Returns
    -------
    bool
        Whether `mark_done` was called with the same.
    """
    path = logs / f"{stage}.done"
    return path.exists() and path.read_text(encoding="utf-8") == mark


def mark_done(logs: Path, stage: str, mark: str) -> None:
    """Record that a stage is complete.

    Parameters
    ----------
    logs
        Folder of the marks.
    stage
        Name of the stage.
    mark
        Fingerprint of its input.
    """
    with atomic_path(logs / f"{stage}.done") as partial:
        partial.write_text(mark, encoding="utf-8")
