"""The package's own words: names that are found at the first guess, docstrings that vary."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import skyclass

PACKAGE = Path(skyclass.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in MODULES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_few_modules_share_their_name_with_another() -> None:
    # packages of surveys have the same modules in the same roles
    names = Counter(
        path.stem
        for path in MODULES
        if path.stem != "__init__" and path.parent.parent.name != "surveys"
    )
    assert len(names) > 150
    assert len([name for name, count in names.items() if count > 1]) <= 8


def test_no_opening_word_of_docstrings_is_overused() -> None:
    words = Counter(
        text.split()[0]
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node))
    )
    word, count = words.most_common(1)[0]
    assert count <= 0.12 * words.total(), f"{word}: {count} of {words.total()}"


def test_no_variable_is_called_told() -> None:
    named = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "told")
        or (isinstance(node, ast.arg) and node.arg == "told")
    }
    assert not named
