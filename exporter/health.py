"""`python -m exporter.health HOST:PORT`: the probe of containers; exit 0 while a sidecar lives there.

It needs no certificate and no password: whether the port speaks HTTP or TLS is found out by trying.
"""

from __future__ import annotations

import http.client
import ssl
import sys

from exporter.config.names import split_address

_SECONDS = 4.0


def alive(address: str) -> bool:
    """Whether `/-/healthy` says so, or a TLS layer that wants a client's certificate answers at all."""
    host, port = split_address(address)
    host = host or "localhost"
    # Nobody is trusted and nothing secret is sent: only that somebody answers counts.
    context = ssl._create_unverified_context()  # noqa: S323
    plain = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    secure = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context)
    return any(_answers(connection) for connection in (plain, secure))


def _answers(connection: http.client.HTTPConnection) -> bool:
    secure = isinstance(connection, http.client.HTTPSConnection)
    try:
        connection.connect()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # somebody who speaks TLS turned us away
    except OSError:
        return False
    try:
        connection.request("GET", "/-/healthy")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (ssl.SSLError, ConnectionError):
        return secure  # turned away after the handshake, as TLS 1.3 does it
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if alive(sys.argv[1]) else 1)
