"""One request to one checked computer: no redirects, no cookies, no proxy, and an end to it.

This is the standard library's ``http.client`` with a `connect` of its own, which takes three lines: the socket goes to
the address that was checked, while TLS and the ``Host`` header keep the name. httpx would want a network backend of its
own for that, and is here only because another library brings it. Each request has its own connection: at a request a
second or so, keeping connections would save little, and could send a request into one that the server is just closing.
Proxies of the environment are not used, because they would resolve the name again, unchecked.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from fashion_match.core.web.address import WebAddress
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason

CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long a server may take."""

    connect_s: float = 10.0
    """To connect, and as much again for TLS."""
    read_s: float = 20.0
    """Between two packets."""
    total_s: float = 60.0
    """For the whole answer, so that a server that drips a byte now and then comes to an end too."""


@contextmanager
def opened(
    address: WebAddress,
    peers: Sequence[str],
    headers: Mapping[str, str],
    patience: Patience,
    tls: ssl.SSLContext | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """Send a GET to the first of ``peers`` that can be connected to, and yield the answer before its body is read.

    Args:
        peers: numerical addresses that were checked.
        tls: by default one that trusts what the system trusts.

    Raises:
        FetchError: unreachable, timeout, bad_response; also from what is done within, where reading the body fails.
    """
    deadline = time.monotonic() + patience.total_s
    connection: _Connection | None = None
    try:
        connection = _Connection(address, peers, patience, deadline, tls)
        connection.request("GET", address.target, headers={**headers, "Connection": "close"})
        yield connection.getresponse()
    except TimeoutError:
        raise FetchError(CollectReason.TIMEOUT, f"{address.authority} did not answer in time", retry=True) from None
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
        raise FetchError(CollectReason.UNREACHABLE, f"no secure connection to {address.authority}: {why}") from None
    except http.client.IncompleteRead:
        raise cut_off() from None
    except (http.client.HTTPException, zlib.error, ValueError) as error:
        shown = f"{type(error).__name__} {error}"[:200]
        raise FetchError(CollectReason.BAD_RESPONSE, f"the answer cannot be understood: {shown!r}") from None
    except OSError as error:
        detail = f"no connection to {address.authority}: {error.strerror or error}"
        raise FetchError(CollectReason.UNREACHABLE, detail, retry=True) from None
    finally:
        if connection is not None:
            connection.close()


def read_body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """Return the body, unpacked; nothing beyond the limit is read, whatever the header says about its length.

    Raises:
        FetchError: too_large, truncated, bad_response.
    """
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    packed = _unpacker(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    n_read = 0
    while chunk := response.read(CHUNK_BYTES):
        n_read += len(chunk)
        body += packed.decompress(chunk, max_bytes + 1 - len(body)) if packed else chunk
        if len(body) > max_bytes or n_read > max_bytes:
            raise _too_large(max_bytes)
    # http.client says nothing where a connection ends before the announced length.
    if response.length or (packed and not packed.eof):
        raise cut_off()
    return bytes(body)


def cut_off() -> FetchError:
    """Return the error for an answer that ended too early."""
    return FetchError(CollectReason.TRUNCATED, "the connection ended before the file did", retry=True)


def _too_large(max_bytes: int) -> FetchError:
    return FetchError(CollectReason.TOO_LARGE, f"has more than {max_bytes:,} bytes")


def _unpacker(encoding: str) -> zlib._Decompress | None:
    """We ask for no packing; some servers pack all the same."""
    if encoding.strip().lower() in ("", "identity"):
        return None
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=47)  # of both, told by their first bytes
    raise FetchError(CollectReason.BAD_RESPONSE, f"is packed as {encoding[:40]!r}, which was not asked for")


class _Connection(http.client.HTTPConnection):
    def __init__(
        self,
        address: WebAddress,
        peers: Sequence[str],
        patience: Patience,
        deadline: float,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(address.host, address.port)
        self._tls: ssl.SSLContext | None = None
        if address.scheme == "https":
            self.default_port = http.client.HTTPS_PORT  # else the Host header would name the usual port
            self._tls = tls or ssl.create_default_context()
        self._peers = peers
        self._patience = patience
        self.response_class = partial(_Response, read_s=patience.read_s, deadline=deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        self.sock = self._connected()
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(self._patience.read_s)

    def _connected(self) -> socket.socket:
        for peer in self._peers[:-1]:
            try:
                return socket.create_connection((peer, self.port), self._patience.connect_s)
            except OSError:  # a host may have an IPv6 address that does not work from here
                continue
        return socket.create_connection((self._peers[-1], self.port), self._patience.connect_s)


class _Response(http.client.HTTPResponse):
    """An answer that must have arrived by a deadline, headers and all."""

    def __init__(self, sock: socket.socket, *args: object, read_s: float, deadline: float, **more: object) -> None:
        super().__init__(sock, *args, **more)  # type: ignore[arg-type]
        self.fp.close()
        self.fp = io.BufferedReader(_Dripping(sock, read_s, deadline), CHUNK_BYTES)


class _Dripping(io.RawIOBase):
    def __init__(self, sock: socket.socket, read_s: float, deadline: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._read_s = read_s
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(left, self._read_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
