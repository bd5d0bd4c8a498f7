"""Class frequencies as a command line states them."""

import pytest

from skyclass.cli.parse_prior import parse_prior
from skyclass.errors import EvaluationError


def test_parse_prior() -> None:
    words = ["quasar=1", "star=6", "a=b=3"]
    assert parse_prior(words) == {"quasar": 1, "star": 6, "a=b": 3}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["star=1", "star=2"], "prior names class 'star' twice"),
        (["star=much"], "prior must be CLASS=NUMBER, got 'star=much'"),
        (["star"], "prior must be CLASS=NUMBER, got 'star'"),
        (["=1"], "prior must be CLASS=NUMBER, got '=1'"),
    ],
)
def test_bad_words(words: list[str], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_prior(words)
