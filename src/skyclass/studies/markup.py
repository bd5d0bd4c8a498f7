"""Tables and findings of a study in Markdown and in LaTeX."""

import re
from collections.abc import Sequence
from typing import Final

from skyclass.studies.result_tables import Entry, Section, Table

__all__ = ["latex", "markdown"]

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>|#])")
_LATEX: Final = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
}


def markdown(
    title: str,
    command: str,
    findings: Sequence[str],
    sections: Sequence[Section],
    pictures: Sequence[str],
) -> str:
    """Write a study as a page of Markdown.

    Parameters
    ----------
    title
        Heading of the page.
    command
        What made it.
    findings
        Sentences on what it shows.
    sections
        Tables.
    pictures
        Names of files of learning curves.

    Returns
    -------
    str
        With tables as of GitHub's Markdown; captions stand above them.
    """
    parts = [f"# {_plain(title)}", f"Made by `{command}`.", "## What it shows"]
    parts.append("\n".join(f"- {_plain(finding)}" for finding in findings))
    for section in sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_markdown_table(table) for table in section.tables]
    if pictures:
        parts.append("## Learning curves")
        parts += [f"![learning curves]({name})" for name in pictures]
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table) -> str:
    """Write one table."""
    lines = [_row([_plain(name) for name in table.header]), _row(["---"] * len(table.header))]
    lines += [_row([_marked(entry) for entry in row]) for row in table.rows]
    return f"*{_plain(table.caption)}*\n\n" + "\n".join(lines)


def _row(texts: Sequence[str]) -> str:
    """Write one row."""
    return f"| {' | '.join(texts)} |"


def _marked(entry: Entry) -> str:
    """Write an entry."""
    text = _plain(entry.text)
    return f"**{text}**" if entry.bold else text


def _plain(text: str) -> str:
    """Write text so that no character of it is taken for a mark."""
    return _MARKDOWN.sub(r"\\\1", text)


def latex(title: str, sections: Sequence[Section]) -> str:
    """Write the tables of a study in LaTeX.

    Parameters
    ----------
    title
        Comment at the beginning.
    sections
        Tables.

    Returns
    -------
    str
        ``table`` environments to be put into a document that loads the package booktabs.
    """
    parts = [f"% {title}: \\input this where \\usepackage{{booktabs}} is loaded"]
    parts += [_latex_table(table) for section in sections for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _latex_table(table: Table) -> str:
    """Write one table."""
    header = " & ".join(_escaped(name) for name in table.header)
    rows = [" & ".join(_latex_entry(entry) for entry in row) + r" \\" for row in table.rows]
    lines = [
        r"\begin{table}",
        r"\centering\small",
        f"\\caption{{{_escaped(table.caption)}}}",
        f"\\begin{{tabular}}{{{'l' * len(table.header)}}}",
        r"\toprule",
        header + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _latex_entry(entry: Entry) -> str:
    """Write an entry."""
    text = _escaped(entry.text)
    return f"\\textbf{{{text}}}" if entry.bold else text


def _escaped(text: str) -> str:
    """Write text so that LaTeX prints it as it is."""
    return "".join(_LATEX.get(character, character) for character in text)
