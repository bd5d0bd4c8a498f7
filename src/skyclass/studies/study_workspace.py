"""The directory of a study: the names of the files in it."""

from dataclasses import dataclass
from pathlib import Path

from skyclass.workspace import DataPaths, Workspace

__all__ = ["StudyWorkspace"]


@dataclass(frozen=True)
class StudyWorkspace:
    """The directory of a study."""

    root: Path
    """The directory."""

    @property
    def study_file(self) -> Path:
        """The study, its name and its scale."""
        return self.root / "study.json"

    @property
    def published(self) -> Path:
        """Published figures, if the study has any."""
        return self.root / "published.csv"

    @property
    def survey(self) -> Path:
        """Directory of the simulated survey."""
        return self.root / "survey"

    @property
    def report(self) -> Path:
        """The comparison, one HTML file."""
        return self.root / "report.html"

    @property
    def markdown(self) -> Path:
        """The comparison in Markdown."""
        return self.root / "study.md"

    @property
    def latex(self) -> Path:
        """The tables in LaTeX."""
        return self.root / "study.tex"

    def data(self, data_set: str, query: str) -> DataPaths:
        """List the paths of a data set; all data sets share the answers of queries.

        Parameters
        ----------
        data_set
            Name of the data set.
        query
            Fingerprint of its query.

        Returns
        -------
        DataPaths
            Of all experiments on these objects.
        """
        shared, own = self.root / "data", self.root / "data" / data_set
        return DataPaths(
            catalog=own / "catalog.parquet",
            query=shared / "query" / query,
            cutouts=own / "cutouts",
            logs=own / "logs",
        )

    def objects(self, data_set: str) -> Path:
        """Locate the table of the objects that all experiments on a data set have.

        Parameters
        ----------
        data_set
            Name of the data set.

        Returns
        -------
        pathlib.Path
            Parquet file.
        """
        return self.root / "data" / data_set / "objects.parquet"

    def cell(self, name: str) -> Workspace:
        """Locate the experiment of a cell.

        Parameters
        ----------
        name
            Names of data set, image type, model and seed with ``/`` between them.

        Returns
        -------
        Workspace
            Directory of the experiment.
        """
        return Workspace(self.root / "cells" / name)

    def failure(self, name: str) -> Path:
        """Locate the file that says why a cell failed.

        Parameters
        ----------
        name
            As for `cell`.

        Returns
        -------
        pathlib.Path
            Text file beside the cell's directory.
        """
        return self.root / "cells" / f"{name}.failed"
