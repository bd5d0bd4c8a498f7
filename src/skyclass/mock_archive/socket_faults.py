"""Send a response through a socket, correctly or with one of the faults of the transport."""

import socket
import struct
import time
from typing import Final

from skyclass.mock_archive.http_messages import FilePart, Response

__all__ = ["send_body"]

_PIECES: Final = 20


def send_body(
    connection: socket.socket, response: Response, fault: str | None, seconds: float
) -> bool:
    """Send a body after its headers.

    Parameters
    ----------
    connection
        Connected socket.
    response
        Response to send.
    fault
        ``slow``, ``reset``, ``length``, or None.
    seconds
        Seconds over which a slow body is sent.

    Returns
    -------
    bool
        Whether the connection can serve another request.
    """
    if fault == "reset":
        connection.sendall(response.read()[: response.length // 2])
        _reset(connection)
        return False
    if fault == "slow":
        _drip(connection, response.read(), seconds)
    elif isinstance(response.body, FilePart):
        # the kernel copies the file, no byte of it passes through Python
        with response.body.path.open("rb") as file:
            connection.sendfile(file, response.body.start, response.body.count)
    else:
        connection.sendall(response.body)
    return fault != "length"


def _drip(connection: socket.socket, body: bytes, seconds: float) -> None:
    """Send a body in pieces, with a pause after each."""
    step = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), step):
        connection.sendall(body[start : start + step])
        time.sleep(seconds / _PIECES)


def _reset(connection: socket.socket) -> None:
    """Close so that the client sees a reset: a linger time of zero sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
