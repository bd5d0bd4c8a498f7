"""Describe in one line what is wrong with the values of a configuration file."""

from typing import Any, Final, get_args

from pydantic import ValidationError

from skyclass.config.renamed_keys import RENAMED
from skyclass.errors import nearest

__all__ = ["describe_error"]

_REQUIREMENTS: Final = {
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "{expected}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
"""What a value must be, by the type of pydantic's error."""


def describe_error(error: ValidationError, model: type[Any]) -> str:
    """Describe the first thing that is wrong with a file.

    Parameters
    ----------
    error
        Error of validating the file.
    model
        Class of the whole file: a pydantic model, or a dataclass that pydantic checks.

    Returns
    -------
    str
        The key and what is wrong with it; for an unknown key, the most similar known one.

    Examples
    --------
    >>> from skyclass.config.sections import SplitConfig
    >>> try:
    ...     SplitConfig.model_validate({"nside": 0})
    ... except ValidationError as error:
    ...     print(describe_error(error, SplitConfig))
    nside must be at least 1, got 0
    """
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        if where in RENAMED:
            return (
                f"the key {where!r} is now {RENAMED[where]!r}; `skyclass migrate FILE` rewrites"
                " old keys"
            )
        *sections, key = (str(part) for part in first["loc"])
        return f"unknown key {where!r}; did you mean {nearest(key, _list_keys(model, sections))!r}?"
    if first["type"] == "missing":
        return f"the key {where!r} is missing"
    requirement = _REQUIREMENTS.get(first["type"])
    if requirement is not None:
        must_be = requirement.format(**first.get("ctx", {}))
        return f"{where} must be {must_be}, got {first['input']!r}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] != "value_error":
        return f"{where}: {message[:1].lower()}{message[1:]}, got {first['input']!r}"
    # a message about one key of a section begins with that key, one about a value with "must"
    if where and message.startswith(f"{where}."):
        return message
    return f"{where} {message}" if message.startswith("must ") else f"{where}: {message}"


def _list_keys(model: Any, sections: list[str]) -> list[str]:
    """List the keys that a section of the file may have."""
    for section in (name for name in sections if not name.isdigit()):
        kind = model.model_fields[section].annotation
        # of several sections, or of an optional one, the section itself
        model = next((k for k in get_args(kind) if hasattr(k, "model_fields")), kind)
    return list(model.model_fields)
