"""Parse how frequent classes are, as a command line states it."""

from collections.abc import Sequence

from skyclass.errors import EvaluationError

__all__ = ["parse_prior"]


def parse_prior(words: Sequence[str]) -> dict[str, float]:
    """Parse how frequent classes are.

    Parameters
    ----------
    words
        ``class=number`` for every class.

    Returns
    -------
    dict
        Number by class.

    Raises
    ------
    EvaluationError
        If a word has another form, or a class is named twice.
    """
    prior: dict[str, float] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        try:
            value = float(number)
        except ValueError as error:
            raise EvaluationError(f"prior must be CLASS=NUMBER, got {word!r}") from error
        if not name:
            raise EvaluationError(f"prior must be CLASS=NUMBER, got {word!r}")
        if name in prior:
            raise EvaluationError(f"prior names class {name!r} twice; name it once")
        prior[name] = value
    return prior
