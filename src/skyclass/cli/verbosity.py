"""How much a command says beside its result: log level, warnings, bars."""

import logging
import warnings

import typer

__all__ = ["is_quiet", "is_verbose", "set_verbosity"]

_log = logging.getLogger("skyclass")


def set_verbosity(*, quiet: bool, verbose: bool) -> None:
    """Set the log level of this process.

    Parameters
    ----------
    quiet
        Write results and errors only.
    verbose
        Log every step and every HTTP request to standard error.

    Raises
    ------
    typer.BadParameter
        If both are set.
    """
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose exclude each other")
    _log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.NOTSET)
    if quiet:
        warnings.simplefilter("ignore")
    if verbose:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("httpx2").setLevel(logging.INFO)


def is_quiet() -> bool:
    """Tell whether bars and warnings are left out."""
    return not _log.isEnabledFor(logging.WARNING)


def is_verbose() -> bool:
    """Tell whether log lines are written, among which no bar can stand."""
    return _log.isEnabledFor(logging.DEBUG)
