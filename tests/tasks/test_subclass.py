"""The grammar of subclass strings: the survey's own examples, every real one, generated ones."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyclass.tasks.subclass import StellarType, parse_subclass


@pytest.mark.parametrize(
    ("subclass", "expected"),
    [
        ("F9", StellarType("MK", "F", 9.0)),
        ("F3/F5V (30743)", StellarType("MK", "F", 3.0, "V", "", "30743")),
        ("M4.5:III (123657)", StellarType("MK", "M", 4.5, "III", ":", "123657")),
        ("K5Ve (118100)", StellarType("MK", "K", 5.0, "V", "e", "118100")),
        ("A0p", StellarType("MK", "A", 0.0, None, "p")),
        ("B2IV-V (176819)", StellarType("MK", "B", 2.0, "IV-V", "", "176819")),
        ("O8e (188001)", StellarType("MK", "O", 8.0, None, "e", "188001")),
        ("K4Iab: (34255)", StellarType("MK", "K", 4.0, "Iab", ":", "34255")),
        ("K3Ib... (17506)", StellarType("MK", "K", 3.0, "Ib", "...", "17506")),
        ("G5III+... (157910)", StellarType("MK", "G", 5.0, "III", "+...", "157910")),
        ("O", StellarType("MK", "O")),
        ("sd:F0 (G_84-29)", StellarType("subdwarf", "F", 0.0, None, "", "G_84-29")),
        ("sdF3 (140283)", StellarType("subdwarf", "F", 3.0, None, "", "140283")),
        ("OB", StellarType("O or B, undecided")),
        ("L5.5 (2MASSJ1507)", StellarType("L or T dwarf")),
        ("Ldwarf", StellarType("L or T dwarf")),
        ("T2", StellarType("L or T dwarf")),
        ("WDhotter", StellarType("white dwarf")),
        ("WDmagnetic", StellarType("white dwarf")),
        ("CalciumWD", StellarType("white dwarf")),
        ("CarbonWD", StellarType("white dwarf")),
        ("Carbon", StellarType("carbon star")),
        ("Carbon_lines", StellarType("carbon star")),
        ("CV", StellarType("cataclysmic variable")),
        ("", StellarType("no subclass")),
        ("  ", StellarType("no subclass")),
    ],
)
def test_what_the_survey_writes(subclass: str, expected: StellarType) -> None:
    assert parse_subclass(subclass) == expected


@pytest.mark.parametrize(
    "text", ["Q5V", "F10", "F5VI", "STARBURST", "f9", "G2V)", "M4.5.1", "K5 V"]
)
def test_nothing_is_guessed(text: str) -> None:
    assert parse_subclass(text) == StellarType("unknown subclass")


@given(
    letter=st.sampled_from("OBAFGKM"),
    subtype=st.one_of(st.none(), st.integers(0, 9), st.integers(0, 99).map(lambda n: n / 10)),
    luminosity=st.sampled_from(["", "Ia", "Iab", "Ib", "II", "III", "IV", "IV-V", "V"]),
    peculiarity=st.sampled_from(["", ":", "e", "p", "n", "var", "ne", "..."]),
    template=st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9_+-]{1,12}", fullmatch=True)),
)
def test_every_string_of_the_grammar_comes_apart_as_it_was_put_together(
    letter: str, subtype: float | None, luminosity: str, peculiarity: str, template: str | None
) -> None:
    name = "" if template is None else f" ({template})"
    number = "" if subtype is None else f"{subtype}"
    parsed = parse_subclass(f"{letter}{number}{luminosity}{peculiarity}{name}")
    assert parsed == StellarType("MK", letter, subtype, luminosity or None, peculiarity, template)
    assert parsed.main_sequence == (luminosity in {"", "V", "IV-V"})


@given(st.text(max_size=30))
def test_any_text_gets_a_kind(text: str) -> None:
    parsed = parse_subclass(text)
    if parsed.kind in {"MK", "subdwarf"}:
        assert re.match(r"\s*(sd:?)?[OBAFGKM]", text)
    else:
        assert parsed.spectral_class is None


def test_every_real_string(real_data: Path) -> None:
    with (real_data / "catalogs" / "sdss_stars_subclass.csv").open() as file:
        kinds = Counter(
            (p.kind, p.spectral_class if p.kind == "MK" else None)
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
            for p in [parse_subclass(row["subclass"])]
        )
    assert kinds["unknown subclass", None] == 0
    # by a look at the strings' first letters, without the parser
    assert {c: kinds["MK", c] for c in "OBAFGKM"} == {
        "O": 11,
        "B": 24,
        "A": 162,
        "F": 622,
        "G": 159,
        "K": 398,
        "M": 419,
    }
