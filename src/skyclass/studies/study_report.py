"""The comparison of a study as a page of HTML, of Markdown, and as tables in LaTeX."""

from pathlib import Path

from jinja2 import Environment

from skyclass.evaluation.report.environment import make_environment
from skyclass.evaluation.report.page import write_report
from skyclass.files import AnyPath, atomic_path
from skyclass.studies.findings import summarise_findings
from skyclass.studies.learning_curves import HEIGHT, WIDTH, Panel, draw_panels
from skyclass.studies.markup import format_latex, format_markdown
from skyclass.studies.result_tables import make_sections
from skyclass.studies.study_results import read_results
from skyclass.studies.study_workspace import StudyWorkspace

__all__ = ["report", "write_study_report"]


def report(directory: AnyPath) -> Path:
    """Write the report of an experiment or a study again, from what lies in its directory.

    Parameters
    ----------
    directory
        Directory of an experiment or a study.

    Returns
    -------
    pathlib.Path
        `report.html` in `directory`, one file that needs no other.

    Raises
    ------
    SkyclassError
        If the directory holds neither, or a file of it is missing or unreadable.

    Examples
    --------
    >>> import skyclass
    >>> print(skyclass.report("stars"))
    stars/report.html
    """
    directory = Path(directory)
    is_study = StudyWorkspace(directory).study_file.is_file()
    return write_study_report(directory) if is_study else write_report(directory)


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
