"""Counts of what became of the rows of a catalogue, as lines of text."""

from typing import Any

__all__ = ["format_report"]


def format_report(report: dict[str, Any]) -> list[str]:
    """Format a cleaning report as lines of text.

    Parameters
    ----------
    report
        ``attrs["skyclass"]`` of a catalogue.

    Returns
    -------
    list of str
        Rows read, dropped by each rule, left per class and split; what is odd; fields and download.
    """
    lines = [f"{report['rows_in']:,} rows read, {report['rows_out']:,} kept"]
    lines += [f"  {n:,} dropped: {reason}" for reason, n in report["dropped"].items() if n]
    if report["sampled_from"] != report["rows_out"]:
        lines.append(f"  {report['sampled_from']:,} clean objects, of which the sample was taken")
    lines += _describe_oddities(report)
    for split, counts in report["per_class"].items():
        counts_text = ", ".join(f"{label} {n:,}" for label, n in counts.items() if n)
        lines.append(f"{split}: {counts_text}")
    lines += _describe_luminosity(report.get("template_luminosity"))
    for name, members in report.get("merged", {}).items():
        counts_text = " + ".join(f"{label} {n:,}" for label, n in members.items())
        lines.append(f"class {name} is {counts_text}, of all rows read")
    lines += _describe_fields(report)
    return lines


def _describe_oddities(report: dict[str, Any]) -> list[str]:
    """Describe what is unusual."""
    lines = [
        f"  {n:,} {name} were rounded (as a spreadsheet does) and are not used;"
        " objects are identified by other columns"
        for name, n in report["rounded"].items()
        if n
    ]
    lines += [
        f"  {n:,} {name} at or fainter than zero flux"
        for name, n in report["undetected"].items()
        if n
    ]
    lines += [f"  {text!r} ({n:,}) is not a known value" for text, n in report["unknown"].items()]
    absent = [c for c, n in report["classes"].items() if n == 0]
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


def _describe_fields(report: dict[str, Any]) -> list[str]:
    """Describe the number of fields, their size, and the leakage into the test set."""
    if not report["frame_keys"]:
        return ["no frame keys: cutouts of frames cannot be made, but pictures by position can"]
    size = report["download_bytes"]
    return [
        f"{report['fields']:,} fields, about {_format_bytes(size)} of compressed frames",
        f"{100 * (report['leakage'] or 0):.1f} % of test objects share a field with training",
    ]


def _format_bytes(size: float) -> str:
    """Format a number of bytes in MB or GB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
