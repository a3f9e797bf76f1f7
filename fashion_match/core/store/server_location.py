"""Collections on a Qdrant server. Those that `fm` made carry their spec; others are left alone."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from fashion_match.core.error import StoreError
from fashion_match.core.store.index import EF_CONSTRUCT, M, indexing_threshold_kb
from fashion_match.core.store.name import check_name, name_taken, no_collection
from fashion_match.core.store.protocol import CollectionSpec

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

    from fashion_match.core.store.server import ServerStore

_TIMEOUT_S = 60


class ServerLocation:
    """A Qdrant server, cluster or cloud. It is asked for the first time when something is wanted from it.

    Args:
        url: ``http://host:6333``; gRPC is expected on the next port, and where it is not there, HTTP serves.
        client: used in place of one for ``url``.
    """

    def __init__(
        self, url: str, *, library: Path, api_key: str | None = None, client: QdrantClient | None = None
    ) -> None:
        self._url = url
        self._library = library
        self._api_key = api_key
        self._given = client

    @property
    def address(self) -> str:
        return self._url

    @property
    def library(self) -> Path:
        return self._library

    def names(self) -> list[str]:
        from fashion_match.core.store.server import METADATA
        from fashion_match.core.store.server_error import translated

        with translated(self._url):
            there = [found.name for found in self._client.get_collections().collections]
            carried = {name: self._client.get_collection(name).config.metadata or {} for name in there}
        return sorted(name for name, metadata in carried.items() if METADATA in metadata)

    def spec(self, name: str) -> CollectionSpec:
        from fashion_match.core.store.server import read_spec
        from fashion_match.core.store.server_error import translated

        check_name(name)
        with translated(self._url, name):
            info = self._client.get_collection(name) if self._client.collection_exists(name) else None
        if info is None:
            raise no_collection(name, self.names(), self._url)
        try:
            spec = read_spec(info)
        except ValidationError:
            raise StoreError(
                f"the spec of the collection {name} on {self._url} is damaged, or of another version of fm.",
                f"Ingest again into another collection, or delete this one: fm collections delete {name}",
            ) from None
        if spec is None:
            raise StoreError(
                f"the collection {name} on {self._url} was not made by fm.", "Choose another name by --collection."
            )
        return spec

    def create(self, name: str, spec: CollectionSpec) -> ServerStore:
        from qdrant_client import models

        from fashion_match.core.store.server import spec_metadata
        from fashion_match.core.store.server_error import translated

        check_name(name)
        with translated(self._url, name):
            if self._client.collection_exists(name):
                raise name_taken(name, self._url)
            self._client.create_collection(
                name,
                vectors_config=models.VectorParams(size=spec.dim, distance=models.Distance.COSINE),
                hnsw_config=models.HnswConfigDiff(m=M, ef_construct=EF_CONSTRUCT),
                optimizers_config=models.OptimizersConfigDiff(indexing_threshold=indexing_threshold_kb(spec.dim)),
                metadata=spec_metadata(spec),
            )
        store = self._store(name, spec)
        store.ensure(spec.kinds, spec.scored)
        return store

    def open(self, name: str) -> ServerStore:
        return self._store(name, self.spec(name))

    def drop(self, name: str) -> None:
        from fashion_match.core.store.server_error import translated

        if check_name(name) not in self.names():
            raise no_collection(name, self.names(), self._url)
        with translated(self._url, name):
            self._client.delete_collection(name)

    def close(self) -> None:
        if "_client" in self.__dict__ and self._given is None:
            self._client.close()

    def _store(self, name: str, spec: CollectionSpec) -> ServerStore:
        from fashion_match.core.store.server import ServerStore

        return ServerStore(self._client, name, spec, self._url)

    @cached_property
    def _client(self) -> QdrantClient:
        return self._given or connect(self._url, self._api_key)


def connect(url: str, api_key: str | None = None) -> QdrantClient:
    """Return a client that has reached its server, by gRPC where the server has it.

    Raises:
        StoreError: the URL is malformed, the server cannot be reached, or it refuses the key.
    """
    import grpc  # type: ignore[import-untyped]
    from qdrant_client import QdrantClient

    from fashion_match.core.store.server_error import translated

    try:
        parts = urlsplit(url)
        port = parts.port or 6333
    except ValueError as error:
        raise StoreError(f"the store {url!r} is no URL: {error}.", "Write http://HOST:6333.") from None
    options: dict[str, Any] = {
        "url": url,
        "api_key": api_key,
        "timeout": _TIMEOUT_S,
        "grpc_port": port + 1,
        "check_compatibility": False,
    }
    with translated(url):
        client = QdrantClient(**options)
        client.get_collections()  # a refused key or a silent server shows here
        if parts.path.strip("/"):  # behind a path prefix there is no gRPC
            return client
        fast = QdrantClient(**options, prefer_grpc=True)
        try:
            fast.get_collections()
        except grpc.RpcError:
            fast.close()
            return client
        client.close()
        return fast
