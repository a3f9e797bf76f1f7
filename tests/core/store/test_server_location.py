"""A server that is not there, refuses, or holds what others made."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models

from fashion_match.core.error import StoreError
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.location import holder, open_location
from fashion_match.core.store.server_location import ServerLocation

from .conftest import make_spec

pytestmark = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect", "ignore:Api key is used with an insecure connection"
)


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers as Qdrant does to a request without its key."""

    status = 401

    def do_GET(self) -> None:
        body = json.dumps({"status": {"error": "the disk is on fire"}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client() -> QdrantClient:
    return QdrantClient(":memory:")


@pytest.fixture
def stand_in(client: QdrantClient, tmp_path: Path) -> ServerLocation:
    return ServerLocation("http://stand-in", library=tmp_path / "models", client=client)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    location = open_location(url, cache=tmp_path)
    assert location.library == tmp_path / "models"
    for ask in (location.names, lambda: location.open("default"), lambda: location.create("default", make_spec())):
        with pytest.raises(StoreError) as refused:
            ask()
        assert f"{url} cannot be reached" in refused.value.problem
        assert "--store" in refused.value.remedy
        assert "\n" not in refused.value.problem
    location.close()


def test_a_refused_key_is_told(refusing: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        open_location(refusing, api_key="wrong", cache=tmp_path).names()
    assert "refuses the API key" in refused.value.problem
    assert "FM_API_KEY" in refused.value.remedy


def test_an_error_of_the_server_comes_in_its_own_words(
    refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Refusing, "status", 500)
    with pytest.raises(StoreError, match="the disk is on fire"):
        open_location(refusing, cache=tmp_path).names()


def test_collections_of_others_are_left_alone(client: QdrantClient, stand_in: ServerLocation) -> None:
    client.create_collection("theirs", vectors_config=models.VectorParams(size=3, distance=models.Distance.DOT))
    stand_in.create("ours", make_spec())
    assert stand_in.names() == ["ours"]
    for ask in (stand_in.open, stand_in.spec):
        with pytest.raises(StoreError, match="not made by fm"):
            ask("theirs")
    with pytest.raises(StoreError, match="already"):
        stand_in.create("theirs", make_spec())
    with pytest.raises(StoreError):
        stand_in.drop("theirs")
    assert client.collection_exists("theirs")


def test_what_another_process_added_to_the_spec_is_kept(client: QdrantClient, stand_in: ServerLocation) -> None:
    ours = stand_in.create("shared", make_spec())
    theirs = ServerLocation("http://stand-in", library=stand_in.library, client=client).open("shared")
    theirs.ensure({"brand": "keyword"})
    ours.ensure({"price": "integer"})
    assert stand_in.spec("shared").kinds == {"brand": "keyword", "price": "integer"}
    assert ours.spec.kinds == {"brand": "keyword", "price": "integer"}


def test_a_damaged_spec_is_told(client: QdrantClient, stand_in: ServerLocation) -> None:
    stand_in.create("ours", make_spec())
    client.update_collection("ours", metadata={"fashion_match": {"dim": "wide"}})
    with pytest.raises(StoreError, match="damaged"):
        stand_in.open("ours")
    stand_in.drop("ours")
    assert stand_in.names() == []


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("ftp://host/x", "ftp://"),
        ("file:///tmp/x", "file://"),
        ("", "empty"),
        ("localhost:6333", "http://localhost:6333"),
        ("qdrant.example.org:6333/", "http://qdrant.example.org:6333/"),
    ],
)
def test_an_address_that_is_neither_folder_nor_server_is_refused(store: str, said: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_location(store, cache=Path())
    assert said in str(refused.value)


def test_a_malformed_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="http://HOST:6333"):
        open_location("http://host:port", cache=tmp_path).names()


def test_the_kind_of_place_is_seen_from_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert isinstance(open_location("HTTPS://cloud.example.org", cache=tmp_path), ServerLocation)
    home = open_location("~/fm", cache=tmp_path)
    assert isinstance(home, FolderLocation)
    assert home.address == str(tmp_path / "fm")
    assert holder(open_location("http://localhost:6333", cache=tmp_path), "default") is None
