"""What the Qdrant client and its transports raise, as errors that the user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import grpc  # type: ignore[import-untyped]
import httpx
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from fashion_match.core.error import StoreError

_UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


@contextmanager
def translated(address: str, name: str = "") -> Iterator[None]:
    """Raise a StoreError that names the server, and the collection, for what goes wrong inside.

    Raises:
        StoreError: the server cannot be reached, refuses the key, or refuses the request.
    """
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise _refused(address) from None
        if error.status_code in (502, 503, 504):
            raise _unreachable(address, error.reason_phrase) from None
        raise _told(address, name, _server_words(error)) from None
    except ResponseHandlingException as error:
        raise _unreachable(address, str(error.source)) from None
    except (ApiException, httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(address, str(error)) from None
    except grpc.RpcError as error:
        code = error.code() if isinstance(error, grpc.Call) else None
        details = (error.details() if isinstance(error, grpc.Call) else None) or str(error)
        if code in _REFUSED:
            raise _refused(address) from None
        if code in _UNREACHABLE:
            raise _unreachable(address, details) from None
        raise _told(address, name, details) from None
    except ValueError as error:
        # The in-process client, and nothing else, says so by a ValueError.
        if re.search(r"collection .* (not found|already exists)", str(error), re.IGNORECASE):
            raise _told(address, name, str(error)) from None
        raise


def _server_words(error: UnexpectedResponse) -> str:
    try:
        status = error.structured()["status"]
        return str(status["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status_code} {error.reason_phrase}"


def _unreachable(address: str, why: str) -> StoreError:
    return StoreError(
        f"the Qdrant server {address} cannot be reached: {_line(why)}.",
        "Start it (docker compose -f docker/compose.yaml up -d qdrant), or correct --store.",
    )


def _refused(address: str) -> StoreError:
    return StoreError(f"the Qdrant server {address} refuses the API key.", "Set FM_API_KEY to a key that it knows.")


def _told(address: str, name: str, why: str) -> StoreError:
    what = f"the collection {name} on {address}" if name else f"the Qdrant server {address}"
    return StoreError(f"{what}: {_line(why)}.", "`fm doctor` looks at the store; the server's log may say more.")


def _line(text: str) -> str:
    return " ".join(text.split())[:300].rstrip(".") or "no answer"
