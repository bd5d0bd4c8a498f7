"""Entry points of other packages: what they name is registered, what is broken is left out."""

import sys
from pathlib import Path

import pytest

from skyclass.images.registry import get_image_type, image_types
from skyclass.plugins import load_plugins
from support.packages import install


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_entry_points_name_is_registered_once(packages: Path) -> None:
    code = "NUMBER = 7\n\ndef make():\n    return 8\n\ndef fail():\n    raise OSError('no disk')\n"
    entries = {"one": "numbers_a:NUMBER", "other": "numbers_a:make", "bad": "numbers_a:fail"}
    install(packages, "numbers_a", "skyclass.numbers", entries, code)
    registered: list[int] = []
    with pytest.warns(UserWarning, match=r"entry point 'bad' of skyclass\.numbers .* left out:"):
        load_plugins("skyclass.numbers", int, registered.append)
    assert sorted(registered) == [7, 8]
    load_plugins("skyclass.numbers", int, registered.append)
    assert sorted(registered) == [7, 8]


def test_an_image_type_of_another_package(packages: Path) -> None:
    code = (
        "from skyclass.images.image_type import ImageType\n"
        "def make():\n"
        "    return ImageType('doubled', ('r',), 1, 'twice the flux', lambda flux: 2 * flux,\n"
        "                     lambda images: images.expand(-1, 3, -1, -1))\n"
    )
    install(packages, "doubling", "skyclass.image_types", {"doubled": "doubling:make"}, code)
    assert get_image_type("doubled").bands == ("r",)
    assert "doubled" in image_types()
    sys.modules.pop("doubling", None)
