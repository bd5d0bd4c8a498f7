"""Describe in one line what is wrong with the values of a configuration file."""

from dataclasses import is_dataclass
from typing import Any, Final, get_args, get_type_hints

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
    "finite_number": "a finite number",
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

_LONGEST: Final = 80
"""Characters of a value or a key in a message."""


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
    where = ".".join(_format_key(str(part)) for part in first["loc"])
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
        return f"{where} must be {must_be}, got {_format_value(first['input'])}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] != "value_error":
        return f"{where}: {message[:1].lower()}{message[1:]}, got {_format_value(first['input'])}"
    # a message about one key of a section begins with that key, one about a value with "must"
    if where and message.startswith(f"{where}."):
        return message
    return f"{where} {message}" if message.startswith("must ") else f"{where}: {message}"


def _format_key(key: str) -> str:
    """Write a key; one that is long or cannot be printed, as a string of Python, shortened."""
    return key if len(key) <= _LONGEST and key.isprintable() else _format_value(key)


def _format_value(value: object) -> str:
    """Write a value, a long one shortened."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _list_keys(model: Any, sections: list[str]) -> list[str]:
    """List the keys that a section of the file may have."""
    for section in sections:
        kind = _list_fields(model).get(section)
        # of several sections, or of an optional one, the section itself
        model = next((k for k in (*get_args(kind), kind) if _is_section(k)), model)
    return list(_list_fields(model))


def _list_fields(model: Any) -> dict[str, Any]:
    """List the keys of a section with the types of their values."""
    if is_dataclass(model):
        return get_type_hints(model)
    return {name: field.annotation for name, field in model.model_fields.items()}


def _is_section(kind: Any) -> bool:
    """Whether values of a type are tables of keys."""
    return is_dataclass(kind) or hasattr(kind, "model_fields")
