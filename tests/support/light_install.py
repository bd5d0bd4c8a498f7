"""Hide installed libraries from a process, as in an environment that lacks some extras."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from skyclass.extras import EXTRAS

__all__ = ["hide"]


def hide(*extras: str) -> None:
    """Hide the libraries of extras from all imports that follow; metadata stays visible."""
    hidden = {"datasets", *(module for extra in extras for module in EXTRAS[extra])}

    class Visible(PathFinder):
        @classmethod
        def find_spec(
            cls,
            fullname: str,
            path: Sequence[str] | None = None,
            target: ModuleType | None = None,
        ) -> ModuleSpec | None:
            if fullname.partition(".")[0] in hidden:
                return None
            return super().find_spec(fullname, path, target)

    sys.meta_path[sys.meta_path.index(PathFinder)] = Visible
    assert not hidden & set(sys.modules)
