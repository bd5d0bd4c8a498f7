"""The one place where skyclass connects to a Dask cluster."""

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from skyclass.errors import ClusterError
from skyclass.extras import check_installed
from skyclass.plugins import import_plugins, imported_plugins

__all__ = ["call_on_cluster", "check_scheduler", "require_dask"]

TIMEOUT: Final = "20s"
"""How long a scheduler may take to answer."""


def require_dask() -> Any:
    """Import Dask's distributed scheduler.

    Returns
    -------
    module
        ``dask.distributed``.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    """
    check_installed("dask", purpose="a cluster, here and on the workers,")
    return import_module("dask.distributed")


def check_scheduler(scheduler: str) -> None:
    """Check before any work that a scheduler answers.

    Parameters
    ----------
    scheduler
        Address, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    ClusterError
        If it cannot be reached.
    MissingExtraError
        If Dask is not installed.
    """
    with _connect(scheduler):
        pass


def call_on_cluster(
    scheduler: str, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]
) -> Generator[tuple[int, Any], None, None]:
    """Call a function many times on the workers of a Dask cluster.

    The workers import the plugins of this process first. A call whose worker dies is repeated by
    another worker.

    Parameters
    ----------
    scheduler
        Address, such as ``tcp://10.0.0.1:8786``.
    function
        Importable function; the workers see the same folders as this machine.
    calls
        Arguments of each call.

    Yields
    ------
    tuple
        Number of the call and its ``dask.distributed.Future``, in the order of completion.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached, or ends before the work does.
    MissingExtraError
        If Dask is not installed.
    """
    distributed = require_dask()
    with _connect(scheduler) as client:
        numbers = {
            client.submit(_call, imported_plugins(), function, arguments, pure=False): number
            for number, arguments in enumerate(calls)
        }
        with _leave_report_to_caller():
            for future in distributed.as_completed(numbers, loop=client.loop):
                _check_connection(future, scheduler)
                yield numbers[future], future


def _check_connection(future: Any, scheduler: str) -> None:
    """Raise if a result is lost with its scheduler; errors of the function are the caller's."""
    try:
        future.result()
    except (CancelledError, OSError) as error:
        if future.status == "error":
            return
        raise ClusterError(
            f"the scheduler at {scheduler} has ended, or cannot be reached any more; what is done"
            " is kept, the same call does the rest"
        ) from error
    except Exception:
        return


@contextmanager
def _leave_report_to_caller() -> Generator[None]:
    """Keep Dask from printing a lost connection as well, with the whole way it was lost on."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _connect(scheduler: str) -> Any:
    """Connect to a scheduler."""
    try:
        return require_dask().Client(scheduler, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler answers at {scheduler}: {error}") from error


def _call(plugins: Sequence[str], function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Import plugins on a worker, then call a function."""
    import_plugins(plugins)
    return function(*arguments)
