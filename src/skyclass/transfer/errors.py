"""What can come of a try at a file, other than the file."""

__all__ = ["NotFoundError", "PermanentError", "TransientError", "UnreachableError"]


class NotFoundError(Exception):
    """The archive has no such file."""


class PermanentError(Exception):
    """The file cannot be had; trying again at once would not help."""

    def __init__(self, reason: str, *, outage: bool = False) -> None:
        """Say what.

        Parameters
        ----------
        reason
            One short clause.
        outage
            Whether this is the service's fault rather than the file's.
        """
        super().__init__(reason)
        self.outage = outage


class TransientError(Exception):
    """Something went wrong that may go right the next time."""

    def __init__(
        self,
        reason: str,
        wait: float | None = None,
        *,
        overrun: bool = False,
        discard: bool = False,
    ) -> None:
        """Say what.

        Parameters
        ----------
        reason
            One short clause.
        wait
            Seconds that the server asked to wait.
        overrun
            Whether the server wants fewer requests, so that all must wait.
        discard
            Whether what came of the file is of no use.
        """
        super().__init__(reason)
        self.wait = wait
        self.overrun = overrun
        self.discard = discard


class UnreachableError(TransientError):
    """No connection could be made."""
