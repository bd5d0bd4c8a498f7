"""Send an answer through a socket, rightly or with one of the faults of the transport."""

import socket
import struct
import time
from typing import Final

from skyclass.mock_archive.responses import Answer, FilePart

__all__ = ["send_body"]

_PIECES: Final = 20


def send_body(connection: socket.socket, answer: Answer, fault: str | None, seconds: float) -> bool:
    """Send a body after its headers.

    Parameters
    ----------
    connection
        Connected socket.
    answer
        What to send.
    fault
        ``slow``, ``reset``, ``length``, or none.
    seconds
        Seconds over which a slow body is sent.

    Returns
    -------
    bool
        Whether the connection can serve another request.
    """
    if fault == "reset":
        connection.sendall(answer.content()[: answer.length // 2])
        _reset(connection)
        return False
    if fault == "slow":
        _drip(connection, answer.content(), seconds)
    elif isinstance(answer.body, FilePart):
        # the kernel copies the file, no byte of it passes through Python
        with answer.body.path.open("rb") as file:
            connection.sendfile(file, answer.body.start, answer.body.count)
    else:
        connection.sendall(answer.body)
    return fault != "length"


def _drip(connection: socket.socket, body: bytes, seconds: float) -> None:
    """Send a body in pieces, waiting after each."""
    step = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), step):
        connection.sendall(body[start : start + step])
        time.sleep(seconds / _PIECES)


def _reset(connection: socket.socket) -> None:
    """Close so that the client sees a reset: lingering for no time sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
