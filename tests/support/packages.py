"""Packages laid out as an installer does, for tests of entry points."""

from pathlib import Path


def install(folder: Path, name: str, group: str, entries: dict[str, str], code: str) -> None:
    """Lay out a package of one module with entry points."""
    (folder / f"{name}.py").write_text(code)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
