"""A local server that answers for a survey directory as the real archives do, faults included."""

from skyclass.archive.faults import KINDS, Faults, parse_faults
from skyclass.archive.server import Archive, serve

__all__ = ["KINDS", "Archive", "Faults", "parse_faults", "serve"]
