"""The report of whatever has one; that of a study: HTML, Markdown, and tables in LaTeX."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from skyclass.errors import StudyError
from skyclass.evaluation.report.environment import make_environment
from skyclass.evaluation.report.page import write_report
from skyclass.files import AnyPath, atomic_path
from skyclass.inference.table_formats import HATS
from skyclass.studies.findings import summarise_findings
from skyclass.studies.learning_curves import HEIGHT, WIDTH, Panel, draw_panels
from skyclass.studies.markup import format_latex, format_markdown
from skyclass.studies.result_tables import make_sections
from skyclass.studies.study_results import read_results
from skyclass.studies.study_workspace import StudyWorkspace
from skyclass.views.table_report import write_table_report

__all__ = ["report", "write_study_report"]


def report(results: AnyPath, *, frames: AnyPath | Sequence[AnyPath] | None = None) -> Path:
    """Write the report of an experiment or a study again, or that of a table of classified sources.

    Parameters
    ----------
    results
        Directory of an experiment or a study, or a table that `skyclass.classify` wrote.
    frames
        Of a table: one or more directories with the frames of its sources, for their pictures.

    Returns
    -------
    pathlib.Path
        `report.html` in the directory, or ``<name of the table>-report.html`` beside the table: one
        file that needs no other.

    Raises
    ------
    SkyclassError
        If it is none of the three, a file is missing or unreadable, or `frames` are named for an
        experiment or a study.

    Examples
    --------
    >>> import skyclass
    >>> print(skyclass.report("stars"))
    stars/report.html
    >>> table = skyclass.classify("frames", "model", "classes.fits")
    >>> print(skyclass.report("classes.fits", frames="frames"))
    classes-report.html
    """
    path = Path(results)
    if path.is_file() or path.suffix == HATS:
        return write_table_report(path, frames=frames)
    if frames is not None:
        raise StudyError(f"frames are shown in the report of a table only, and {path} is none")
    is_study = StudyWorkspace(path).study_file.is_file()
    return write_study_report(path) if is_study else write_report(path)


def write_study_report(directory: AnyPath) -> Path:
    """Compare the cells of a study, finished or not.

    Parameters
    ----------
    directory
        Directory of a study.

    Returns
    -------
    pathlib.Path
        `report.html`, one file that loads nothing from the network; beside it lie `study.md`,
        `study.tex` and, if the study asks for them, learning curves as SVG.

    Raises
    ------
    StudyError
        If the directory holds no study.
    """
    directory = Path(directory)
    results = read_results(directory)
    sections, findings = make_sections(results), summarise_findings(results)
    environment = make_environment("skyclass.studies")
    curves: dict[str, str] = {}
    for group in results.groups if results.study.learning_curves else []:
        panels = draw_panels(group)
        if panels:
            name = f"curves-{group[0].data_set.name}-{group[0].image_type.name}.svg"
            curves[name] = _draw(environment, panels)
    title = results.study.title
    page = environment.get_template("study.html.j2").render(
        title=title,
        command=results.command,
        simulated=results.simulated,
        findings=findings,
        sections=sections,
        curves=list(curves.values()),
        cells=results.cells,
    )
    workspace = StudyWorkspace(directory)
    written = {
        **{directory / name: curve for name, curve in curves.items()},
        workspace.markdown: format_markdown(
            title, results.command, findings, sections, list(curves)
        ),
        workspace.latex: format_latex(title, sections),
        workspace.report: page,
    }
    for path, text in written.items():
        with atomic_path(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return workspace.report


def _draw(environment: Environment, panels: list[Panel]) -> str:
    """Draw panels beside each other."""
    legend = dict.fromkeys((line.name, line.colour) for panel in panels for line in panel.lines)
    return environment.get_template("curves.svg.j2").render(
        panels=panels, legend=list(legend), rows=len(legend), width=WIDTH, height=HEIGHT
    )
