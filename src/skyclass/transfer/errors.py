"""How an attempt at a transfer can fail."""

__all__ = ["NotFoundError", "PermanentError", "TransientError", "UnreachableError"]


class NotFoundError(Exception):
    """The archive has no such file."""


class PermanentError(Exception):
    """The transfer failed in a way that another attempt would not mend."""

    def __init__(self, reason: str, *, service_fault: bool = False) -> None:
        """Store the reason.

        Parameters
        ----------
        reason
            One short clause.
        service_fault
            Whether the service is at fault rather than the file.
        """
        super().__init__(reason)
        self.service_fault = service_fault


class TransientError(Exception):
    """The transfer failed, but another attempt may succeed."""

    def __init__(
        self,
        reason: str,
        retry_after: float | None = None,
        *,
        rate_limited: bool = False,
        discard: bool = False,
        processed: bool = True,
    ) -> None:
        """Store the reason.

        Parameters
        ----------
        reason
            One short clause.
        retry_after
            Seconds that the server asked to wait.
        rate_limited
            Whether the server wants fewer requests, so that all requests to it must wait.
        discard
            Whether the bytes received so far are of no use.
        processed
            Whether the server may have acted upon the request.
        """
        super().__init__(reason)
        self.retry_after = retry_after
        self.rate_limited = rate_limited
        self.discard = discard
        self.processed = processed


class UnreachableError(TransientError):
    """No connection could be made."""

    def __init__(self, reason: str) -> None:
        """Store the reason, one short clause."""
        super().__init__(reason, processed=False)
