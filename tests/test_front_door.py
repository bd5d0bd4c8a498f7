"""What `import skyclass` hands out: every public name, when it is asked for and not before."""

import importlib
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import skyclass

PUBLIC = [name for name in skyclass.__all__ if name != "__version__"]
HEAVY = {"torch", "pandas", "astropy", "numpy", "pydantic", "datasets", "lightning", "sklearn"}


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_no_library() -> None:
    loaded = run_python("import skyclass, sys; print(*sys.modules)").split()
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
    assert {name for name in loaded if name.startswith("skyclass")} == {
        "skyclass",
        "skyclass._version",
    }


def test_importing_the_package_takes_less_than_300_ms() -> None:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        run_python("import skyclass")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    value = getattr(skyclass, name)
    assert value.__name__ == name
    assert getattr(importlib.import_module(value.__module__), name) is value


def test_the_names_that_are_listed_are_those_there_are() -> None:
    code = "import skyclass; print(sorted(dir(skyclass)) == sorted(skyclass.__all__))"
    assert run_python(code) == "True\n"
    assert dir(skyclass) == sorted(skyclass.__all__)
    assert sorted(skyclass._MODULES) == sorted(PUBLIC)


def test_star_import_gives_the_public_names_and_no_other() -> None:
    code = "from skyclass import *; print(*(n for n in dir() if not n.startswith('__')))"
    assert sorted(run_python(code).split()) == sorted(PUBLIC)


def test_the_names_that_type_checkers_see_are_the_same() -> None:
    text = Path(skyclass.__file__).read_text(encoding="utf-8")
    typed = {
        name: module
        for module, names in re.findall(r"^    from skyclass\.(\S+) import (.+)$", text, re.M)
        for name in names.split(", ")
    }
    assert typed == skyclass._MODULES


def test_no_public_name_is_that_of_a_subpackage() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(skyclass.__path__)}
    assert not rooms & set(PUBLIC)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'skyclass' has no attribute 'clasify'"):
        skyclass.clasify  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'clasify'"):
        from skyclass import clasify  # noqa: F401
