"""Tables and findings of a study in Markdown and in LaTeX."""

import re
from collections.abc import Sequence
from typing import Final

from skyclass.studies.result_tables import Entry, Section, Table

__all__ = ["format_latex", "format_markdown"]

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>|#])")
_LATEX: Final = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "−": "$-$",
}


def format_markdown(
    title: str,
    command: str,
    findings: Sequence[str],
    sections: Sequence[Section],
    pictures: Sequence[str],
) -> str:
    """Format a study as a page of Markdown.

    Parameters
    ----------
    title
        Heading of the page.
    command
        Command that makes it.
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
    parts = [f"# {_escape_markdown(title)}", f"Made by `{command}`.", "## What it shows"]
    parts.append("\n".join(f"- {_escape_markdown(finding)}" for finding in findings))
    for section in sections:
        parts.append(f"## {_escape_markdown(section.title)}")
        parts += [_format_markdown_table(table) for table in section.tables]
    if pictures:
        parts.append("## Learning curves")
        parts += [f"![learning curves]({name})" for name in pictures]
    return "\n\n".join(parts) + "\n"


def _format_markdown_table(table: Table) -> str:
    """Format one table."""
    lines = [
        _format_row([_escape_markdown(name) for name in table.header]),
        _format_row(["---"] * len(table.header)),
    ]
    lines += [_format_row([_format_markdown_entry(entry) for entry in row]) for row in table.rows]
    return f"*{_escape_markdown(table.caption)}*\n\n" + "\n".join(lines)


def _format_row(texts: Sequence[str]) -> str:
    """Format one row."""
    return f"| {' | '.join(texts)} |"


def _format_markdown_entry(entry: Entry) -> str:
    """Format an entry."""
    text = _escape_markdown(entry.text)
    return f"**{text}**" if entry.bold else text


def _escape_markdown(text: str) -> str:
    """Escape the characters that Markdown interprets."""
    return _MARKDOWN.sub(r"\\\1", text)


def format_latex(title: str, sections: Sequence[Section]) -> str:
    """Format the tables of a study in LaTeX.

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
    parts += [_format_latex_table(table) for section in sections for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _format_latex_table(table: Table) -> str:
    """Format one table."""
    header = " & ".join(_escape_latex(name) for name in table.header)
    rows = [" & ".join(_format_latex_entry(entry) for entry in row) + r" \\" for row in table.rows]
    lines = [
        r"\begin{table}",
        r"\centering\small",
        f"\\caption{{{_escape_latex(table.caption)}}}",
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


def _format_latex_entry(entry: Entry) -> str:
    """Format an entry."""
    text = _escape_latex(entry.text)
    return f"\\textbf{{{text}}}" if entry.bold else text


def _escape_latex(text: str) -> str:
    """Escape the characters that LaTeX interprets."""
    return "".join(_LATEX.get(character, character) for character in text)
