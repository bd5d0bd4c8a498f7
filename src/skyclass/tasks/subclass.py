"""Parse SDSS `subclass` strings.

The strings name the spectral template that fits best (templates of the idlspec2d pipeline: Bolton
et al. 2012, AJ 144, 144). A number in brackets is the template star's own name, mostly in the HD
catalogue; the luminosity class is that of the template, not a measurement of the star.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["MAIN_SEQUENCE", "StellarType", "parse_subclass"]

MAIN_SEQUENCE: Final = frozenset({"V", "IV-V"})
"""Luminosity classes of the main sequence; a string that states none counts as one too."""

_ONE: Final = r"(?:Ia-?0|Iab|Ia|Ib|III|II|IV|I|V)(?:a|b)?"
_TEMPLATE: Final = r"(?:\s*\((?P<template>[^()]*)\))?"
_SUBTYPE: Final = r"[0-9](?:\.[0-9])?"
_MK: Final = re.compile(
    r"(?P<subdwarf>sd:?)?"
    rf"(?P<letter>[OBAFGKM])(?P<subtype>{_SUBTYPE})?"
    rf"(?:/(?P<other>[OBAFGKM]{_SUBTYPE}))?"
    r"(?P<unsure>:?)"
    rf"(?P<luminosity>{_ONE}(?:[-/]{_ONE})?)?"
    r"(?P<peculiarity>(?:var|e|f|k|m|n|p|s|w|:|\+?\.\.\.)*)" + _TEMPLATE
)
_OTHERS: Final = {
    "white dwarf": re.compile(r"(?:WD\w*|\w+WD)"),
    "carbon star": re.compile(r"Carbon(?:_lines)?"),
    "cataclysmic variable": re.compile(r"CV"),
    "L or T dwarf": re.compile(rf"(?:[LT](?:{_SUBTYPE})?|[LT]dwarf)" + _TEMPLATE),
    "O or B, undecided": re.compile(r"OB" + _TEMPLATE),
}


@dataclass(frozen=True)
class StellarType:
    """Meaning of a `subclass` string."""

    kind: str
    """``MK`` for O B A F G K M; else what the object is: ``subdwarf``, ``white dwarf``, ``carbon
    star``, ``cataclysmic variable``, ``L or T dwarf``, ``O or B, undecided``, ``no subclass`` or
    ``unknown subclass``."""
    spectral_class: str | None = None
    """One of O B A F G K M."""
    subtype: float | None = None
    """Decimal subdivision, 0 to 9.9; the first of two where the string names two types."""
    luminosity: str | None = None
    """Luminosity class of the template, without suffixes a and b beyond those of class I."""
    peculiarity: str = ""
    """Suffixes such as ``e`` (emission), ``p``, ``n``, ``var``, ``:`` (unsure)."""
    template: str | None = None
    """Name of the template's star."""

    @property
    def main_sequence(self) -> bool:
        """Whether the template is a dwarf, or its luminosity is not stated."""
        return self.luminosity is None or self.luminosity in MAIN_SEQUENCE


@lru_cache(maxsize=4096)
def parse_subclass(text: str) -> StellarType:
    """Parse one `subclass` string.

    A string that does not match the whole grammar is an ``unknown subclass``; nothing is guessed.

    Parameters
    ----------
    text
        As in SpecObjAll (https://skyserver.sdss.org/dr18/MoreTools/browser), for example ``F9``,
        ``F3/F5V (30743)``, ``M4.5:III (123657)``, ``sd:F0 (G_84-29)`` or ``WDhotter``.

    Returns
    -------
    StellarType
        Its parts.
    """
    stripped = text.strip()
    if not stripped:
        return StellarType("no subclass")
    for kind, pattern in _OTHERS.items():
        if pattern.fullmatch(stripped):
            return StellarType(kind)
    match = _MK.fullmatch(stripped)
    if match is None:
        return StellarType("unknown subclass")
    return StellarType(
        "subdwarf" if match["subdwarf"] else "MK",
        match["letter"],
        float(match["subtype"]) if match["subtype"] else None,
        _strip_suffixes(match["luminosity"]),
        match["unsure"] + match["peculiarity"],
        match["template"],
    )


def _strip_suffixes(text: str | None) -> str | None:
    """Strip the suffixes of luminosity classes II to V (``IIIa``, ``Va``)."""
    if text is None or text == "I" or text.startswith(("Ia", "Ib")):
        return text
    return re.sub(r"(?<=[IV])[ab]", "", text)
