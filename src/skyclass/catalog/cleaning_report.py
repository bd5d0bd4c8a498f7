"""Counts of what became of the rows of a catalogue, also as lines of text."""

from html import escape

from pydantic import BaseModel, ConfigDict, Field

from skyclass.schema import DEFAULT_SURVEY

__all__ = ["CleaningCounts", "CleaningReport", "format_report"]


class CleaningCounts(BaseModel):
    """Counts of the rows that cleaning kept and dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    rows_in: int
    """Rows read."""
    rounded: dict[str, int]
    """Ids that the table holds only rounded, by column."""
    dropped: dict[str, int]
    """Rows dropped by each rule, in the order of the rules."""
    undetected: dict[str, int]
    """Magnitudes at or fainter than zero flux among the rows kept, by column."""
    frame_keys: bool
    """Whether the rows name their fields."""
    unknown: dict[str, int] = Field(default_factory=dict)
    """Strings that the task does not know, the most frequent ones, with their rows."""
    template_luminosity: dict[str, dict[str, int]] | None = None
    """Rows of each spectral class that each choice of `labels.template_luminosity` keeps."""
    merged: dict[str, dict[str, int]] = Field(default_factory=dict)
    """For each merged class the rows of its members."""


class CleaningReport(CleaningCounts):
    """What became of the rows of a catalogue, from the file to the splits.

    Examples
    --------
    >>> from skyclass.catalog.build_catalog import build_catalog
    >>> report = build_catalog("catalog.csv", "object-type").report
    >>> report.rows_in - report.rows_out == sum(report.dropped.values())
    True
    """

    task: str
    """Name of the task, or path of its file."""
    survey: str = DEFAULT_SURVEY
    """Name of the survey."""
    sampled_from: int
    """Clean objects from which the sample was taken."""
    rows_out: int
    """Objects of the catalogue."""
    classes: dict[str, int]
    """Objects of each class of the task, in its order."""
    per_class: dict[str, dict[str, int]]
    """Objects of each split and class."""
    leakage: float | None
    """Share of test objects in a field with training objects; None if fields are unknown."""
    fields: int | None
    """Number of fields; None if they are unknown."""
    download_bytes: float | None
    """Estimated size of their compressed frames; None if it cannot be estimated."""

    def __repr__(self) -> str:
        """Return one line."""
        return f"<CleaningReport: {self.rows_in:,} rows read, {self.rows_out:,} kept>"

    def __str__(self) -> str:
        """Return all lines of the report."""
        return "\n".join(format_report(self))

    def _repr_html_(self) -> str:
        """Return the lines of the report for a notebook."""
        return f"<pre>{escape(chr(10).join(format_report(self)))}</pre>"


def format_report(report: CleaningReport) -> list[str]:
    """Format a cleaning report as lines of text.

    Parameters
    ----------
    report
        Report of a catalogue.

    Returns
    -------
    list of str
        Rows read, dropped by each rule, left per class and split; what is odd; fields and download.
    """
    lines = [f"{report.rows_in:,} rows read, {report.rows_out:,} kept"]
    lines += [f"  {n:,} dropped: {reason}" for reason, n in report.dropped.items() if n]
    if report.sampled_from != report.rows_out:
        lines.append(f"  {report.sampled_from:,} clean objects, of which the sample was taken")
    lines += _describe_oddities(report)
    for split, counts in report.per_class.items():
        counts_text = ", ".join(f"{label} {n:,}" for label, n in counts.items() if n)
        lines.append(f"{split}: {counts_text}")
    lines += _describe_luminosity(report.template_luminosity)
    for name, members in report.merged.items():
        counts_text = " + ".join(f"{label} {n:,}" for label, n in members.items())
        lines.append(f"class {name} is {counts_text}, of all rows read")
    lines += _describe_fields(report)
    return lines


def _describe_oddities(report: CleaningReport) -> list[str]:
    """Describe what is unusual."""
    lines = [
        f"  {n:,} {name} were rounded (as a spreadsheet does) and are not used;"
        " objects are identified by other columns"
        for name, n in report.rounded.items()
        if n
    ]
    lines += [
        f"  {n:,} {name} at or fainter than zero flux" for name, n in report.undetected.items() if n
    ]
    lines += [f"  {text!r} ({n:,}) is not a known value" for text, n in report.unknown.items()]
    absent = [c for c, n in report.classes.items() if n == 0]
    if absent:
        lines.append(f"  no object of class {', '.join(absent)}: the model cannot learn it")
    return lines


def _describe_luminosity(counts: dict[str, dict[str, int]] | None) -> list[str]:
    """Describe what the choice of template luminosity keeps."""
    if not counts:
        return []
    counts_text = ", ".join(
        f"{label} {n['main-sequence']:,} of {n['any']:,}" for label, n in counts.items() if n["any"]
    )
    return [f"templates on the main sequence (or without luminosity class): {counts_text}"]


def _describe_fields(report: CleaningReport) -> list[str]:
    """Describe the number of fields, their size, and the leakage into the test set."""
    if report.fields is None:
        return ["no frame keys: cutouts of frames cannot be made, but pictures by position can"]
    size = report.download_bytes
    return [
        f"{report.fields:,} fields"
        + ("" if size is None else f", about {_format_bytes(size)} of compressed frames"),
        f"{100 * (report.leakage or 0):.1f} % of test objects share a field with training",
    ]


def _format_bytes(size: float) -> str:
    """Format a number of bytes in MB or GB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
