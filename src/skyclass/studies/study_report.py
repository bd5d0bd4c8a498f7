"""The comparison of a study as a page of HTML, of Markdown, and as tables in LaTeX."""

from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from skyclass.evaluation.report.page import write_report
from skyclass.files import AnyPath, atomic_path
from skyclass.studies.findings import findings_of
from skyclass.studies.learning_curves import HEIGHT, WIDTH, Panel, panels_of
from skyclass.studies.markup import latex, markdown
from skyclass.studies.result_tables import sections_of
from skyclass.studies.study_results import STUDY_FILE, read_results

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
    is_study = (directory / STUDY_FILE).is_file()
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
        `report.html`, one file that asks nothing of any network; beside it lie `study.md`,
        `study.tex` and, where the study asks for them, learning curves as SVG.

    Raises
    ------
    StudyError
        Where the directory holds no study.
    """
    directory = Path(directory)
    results = read_results(directory)
    sections, findings = sections_of(results), findings_of(results)
    environment = _environment()
    curves: dict[str, str] = {}
    for group in results.groups if results.study.learning_curves else []:
        panels = panels_of(group)
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
    written = {
        **curves,
        "study.md": markdown(title, results.command, findings, sections, list(curves)),
        "study.tex": latex(title, sections),
        "report.html": page,
    }
    for name, text in written.items():
        with atomic_path(directory / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return directory / "report.html"


def _draw(environment: Environment, panels: list[Panel]) -> str:
    """Draw panels beside each other."""
    legend = dict.fromkeys((line.name, line.colour) for panel in panels for line in panel.lines)
    return environment.get_template("curves.svg.j2").render(
        panels=panels, legend=list(legend), rows=len(legend), width=WIDTH, height=HEIGHT
    )


def _environment() -> Environment:
    """Set up the templates, which have the style of the reports of experiments."""
    return Environment(
        loader=ChoiceLoader(
            [PackageLoader("skyclass.studies"), PackageLoader("skyclass.evaluation")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
