"""What a worker process does before its first task."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence

from skyclass.plugins import import_plugins

__all__ = ["start_worker"]


def start_worker(plugins: Sequence[str] = ()) -> None:
    """Prepare a worker process: it leaves Ctrl-C to its parent, and does not outlive it.

    Parameters
    ----------
    plugins
        Modules to import, as `skyclass.plugins.imported_plugins` of the parent lists them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import_plugins(plugins)


def _end_with_parent() -> None:
    """End this process when its parent has ended, for whatever reason."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
