"""Lines about values that pydantic refuses."""

from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from skyclass.config.describe_error import _REQUIREMENTS, describe_error
from skyclass.config.sections import CleanConfig, ObjectsConfig


def test_the_kinds_of_errors_are_those_of_pydantic() -> None:
    # the one of paths is not of pydantic's core
    assert set(_REQUIREMENTS) - set(get_args(ErrorType)) == {"path_type"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"radius": 0}, "radius must be greater than 0, got 0"),
        ({"radius": [1]}, "radius must be a number, got [1]"),
        ({"flags": "perhaps"}, "flags must be true or false, got 'perhaps'"),
        ({"faint": 3}, "faint must be 'blank', 'drop' or 'keep', got 3"),
        ({"radios": 3}, "unknown key 'radios'; did you mean 'radius'?"),
    ],
)
def test_one_line_with_key_requirement_and_value(values: dict[str, object], line: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CleanConfig.model_validate(values)
    assert describe_error(refused.value, CleanConfig) == line


def test_a_key_of_a_section_is_named_with_its_section() -> None:
    for catalog, line in (
        (3, "catalog must be a table, got 3"),
        ({"path": 3}, "catalog.path must be a path, got 3"),
    ):
        with pytest.raises(ValidationError) as refused:
            ObjectsConfig.model_validate({"task": "object-type", "catalog": catalog})
        assert describe_error(refused.value, ObjectsConfig) == line
