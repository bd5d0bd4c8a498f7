"""What became of the rows of a catalogue, told in lines."""

from typing import Any

__all__ = ["report_lines"]


def report_lines(report: dict[str, Any]) -> list[str]:
    """Tell a cleaning report in plain lines.

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
    lines += _odd(report)
    for split, counts in report["per_class"].items():
        told = ", ".join(f"{label} {n:,}" for label, n in counts.items() if n)
        lines.append(f"{split}: {told}")
    lines += _luminosity(report.get("template_luminosity"))
    for name, members in report.get("merged", {}).items():
        told = " + ".join(f"{label} {n:,}" for label, n in members.items())
        lines.append(f"class {name} is {told}, of all rows read")
    lines += _fields(report)
    return lines


def _odd(report: dict[str, Any]) -> list[str]:
    """Tell what a user should know of."""
    lines = [
        f"  {n:,} {name} were rounded (as a spreadsheet does) and are not used;"
        " objects are named by what is exact"
        for name, n in report["rounded"].items()
        if n
    ]
    lines += [
        f"  {n:,} {name} at or fainter than zero flux"
        for name, n in report["undetected"].items()
        if n
    ]
    lines += [f"  {text!r} ({n:,}) was not understood" for text, n in report["unknown"].items()]
    absent = [c for c, n in report["classes"].items() if n == 0]
    if absent:
        lines.append(f"  no object of class {', '.join(absent)}: nothing can be learnt of it")
    return lines


def _luminosity(counts: dict[str, dict[str, int]] | None) -> list[str]:
    """Tell what the choice of template luminosity keeps."""
    if not counts:
        return []
    told = ", ".join(
        f"{label} {n['main-sequence']:,} of {n['any']:,}" for label, n in counts.items() if n["any"]
    )
    return [f"templates on the main sequence (or without luminosity class): {told}"]


def _fields(report: dict[str, Any]) -> list[str]:
    """Tell the number of fields, what they weigh, and whether the test set leaks."""
    if not report["frame_keys"]:
        return ["no frame keys: frames cannot be cut; images by position can be had"]
    size = report["download_bytes"]
    return [
        f"{report['fields']:,} fields, about {_amount(size)} of compressed frames",
        f"{100 * (report['leakage'] or 0):.1f} % of test objects share a field with training",
    ]


def _amount(size: float) -> str:
    """Give a number of bytes in units that leave something before the point."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
