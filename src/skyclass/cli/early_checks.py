"""Checks of arguments that need no large library, so that a mistake is answered at once.

The functions that the commands call check the same and more, but are imported with PyTorch, pandas
and astropy.
"""

from collections.abc import Sequence
from pathlib import Path

from skyclass.errors import SkyclassError
from skyclass.extras import check_installed
from skyclass.schema import HUB_SCHEME
from skyclass.studies.study_workspace import StudyWorkspace
from skyclass.workspace import Workspace

__all__ = [
    "check_cutouts",
    "check_directory",
    "check_evaluated",
    "check_exists",
    "check_experiment",
    "check_figure_format",
    "check_inputs",
    "check_model",
    "check_reportable",
    "check_search",
    "check_study",
    "check_suffix",
    "check_table",
    "check_training",
    "check_views",
]


def check_exists(*paths: Path) -> None:
    """Check that files or directories to be read exist."""
    for path in paths:
        if not path.exists():
            raise SkyclassError(f"{path} does not exist")


def check_directory(out: Path) -> None:
    """Check that a directory to be written is not a file."""
    if out.exists() and not out.is_dir():
        raise SkyclassError(f"{out} is a file; choose another directory")


def check_suffix(out: Path, suffix: str) -> None:
    """Check the suffix of a file to be written."""
    if out.suffix != suffix:
        raise SkyclassError(f"{out} must end with {suffix}")


def check_experiment(file: Path) -> None:
    """Check an experiment file."""
    from skyclass.config.experiment_file import read_config

    read_config(file)


def check_search(file: Path, space: Path) -> None:
    """Check an experiment file and the search file for it."""
    from skyclass.config.experiment_file import read_config
    from skyclass.config.tuning_file import read_search

    read_search(space, read_config(file))


def check_training() -> None:
    """Check that there is PyTorch to train with."""
    check_installed("torch", purpose="training")


def check_study(name: str) -> None:
    """Check the file or the name of a study."""
    from skyclass.studies.study_file import read_study

    read_study(name)


def check_cutouts(folder: Path) -> None:
    """Check that a folder holds cutouts."""
    from skyclass.images.cutout_info import read_info

    read_info(folder)


def check_table(out: Path) -> None:
    """Check the suffix of a table of sources to be written."""
    from skyclass.inference.table_formats import check_suffix

    check_suffix(out)


def check_views(picture: Path | None, regions: Path | None, *, samp: bool) -> None:
    """Check what is to be made of a table: names of files, and that a program can take it."""
    from skyclass.views.view_files import check_picture, check_region_file

    if picture is not None:
        check_picture(picture)
    if regions is not None:
        check_region_file(regions)
    if samp:
        from skyclass.views.send_table import check_hub

        check_hub()


def check_figure_format(file_format: str) -> None:
    """Check the format of figures to be drawn."""
    from skyclass.evaluation.figure_formats import check_format

    check_format(file_format)


def check_evaluated(*directories: Path) -> None:
    """Check that experiments have been evaluated."""
    for directory in directories:
        check_exists(directory)
        metrics = Workspace(directory).metrics
        if not metrics.is_file():
            raise SkyclassError(f"{metrics} cannot be read; run the experiment first")


def check_reportable(results: Path) -> None:
    """Check for a study, an evaluated experiment or a table, and what a table's report needs."""
    from skyclass.inference.table_formats import HATS

    if results.is_file() or results.suffix == HATS:
        check_exists(results)
        check_installed("plotly", "jinja2", purpose="the report of a table")
    elif not StudyWorkspace(results).study_file.is_file():
        check_evaluated(results)


def check_inputs(
    inputs: Sequence[Path], at: str | None, positions: Path | None, frames: Sequence[Path]
) -> None:
    """Check that what is to be classified exists, or is the example that comes with skyclass."""
    from skyclass.models.bundled import EXAMPLE

    if not inputs and at is None and positions is None:
        raise SkyclassError("there is no input: name frames, a table or cutouts, or use --at")
    check_exists(*(path for path in (*inputs, *frames) if str(path) != EXAMPLE))


def check_model(model: str) -> None:
    """Check that a name is that of a bundled model, or a folder's; a hub is looked up later."""
    from skyclass.models.bundled import list_bundled_models
    from skyclass.models.spec_file import SPEC_FILE

    if model.startswith(HUB_SCHEME) or model in list_bundled_models():
        return
    if (Path(model) / SPEC_FILE).is_file():
        return
    inner = Workspace(Path(model)).model
    if inner.is_dir():
        raise SkyclassError(f"{model} is the directory of an experiment; its model is {inner}")
    raise SkyclassError(f"{model} holds no usable model ({SPEC_FILE} is missing)")
