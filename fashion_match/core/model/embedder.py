"""Photos to vectors as a stream: decoding in threads, the model beside them, everything bounded and in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from fashion_match.core.error import UsageError
from fashion_match.core.item import AttributeValue, Box, Reason
from fashion_match.core.model.artifact import read_card
from fashion_match.core.model.encoding import hash_codes
from fashion_match.core.model.engine import Batch, Engine, make_engine, run
from fashion_match.core.model.image import MAX_PIXELS, PhotoError, decode, read_photo
from fashion_match.core.model.pixel import to_pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from fashion_match.core.plugin.loader import Plugins

T = TypeVar("T")
Attributes = Mapping[str, AttributeValue]

CHUNK = 8
"""Photos that a thread decodes at a time: handing over each by itself would cost more than the smallest take."""
MAX_WORKERS = 16
HELD_BACK = 64
"""Batches' worth of photos that need no vector, at most, after which an incomplete batch is run."""


@dataclass(frozen=True, slots=True)
class Photo(Generic[T]):
    """A photo to be embedded, or attributes, or both. ``key`` is the caller's own and comes back with the vector."""

    key: T
    path: Path | None
    """``None`` for attributes alone."""
    box: Box | None = None
    known_content: str | None = None
    """Where the content has this hash, it is neither decoded nor embedded."""
    attributes: Attributes | None = None
    """For a model that looks at them; another one passes them over."""


@dataclass(frozen=True, slots=True)
class Embedded(Generic[T]):
    """What became of a photo: a vector, or a failure, or neither where its content is the known one."""

    key: T
    vector: list[float] | None
    """E, of unit length."""
    content: str
    """Hash of all that the model was given: of the photo's bytes and the box, followed by that of the codes for a model
    that looks at attributes; empty where the file could not be read."""
    stat: tuple[int, int]
    """Size of the file in bytes and its modification time in ns, both 0 where there is none or it could not be read."""
    failure: PhotoError | None = None


@dataclass(slots=True)
class _Decoded(Generic[T]):
    key: T
    content: str = ""
    stat: tuple[int, int] = (0, 0)
    pixels: NDArray[np.uint8] | None = None
    codes: NDArray[np.float32] | None = None
    has_pixels: bool = False
    failure: PhotoError | None = None


class Embedder:
    """A model at work. Nothing is loaded before the first photo; use it as a context manager, or `close` it.

    Args:
        folder: of the model.
        engine, device, precision, batch_size: see `make_engine`.
        workers: threads that decode; by default one for each core.
        max_pixels: a larger photo is refused.
        notify: is told, in one line, what differs from what was asked for.

    Raises:
        ModelError: the folder is no model.
        UsageError: there cannot be so many workers.
    """

    def __init__(
        self,
        folder: Path,
        plugins: Plugins,
        *,
        engine: str = "auto",
        device: str = "auto",
        precision: str = "fp32",
        batch_size: int | None = None,
        workers: int | None = None,
        max_pixels: int = MAX_PIXELS,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.card = read_card(folder)
        self._encoding = self.card.encoding
        if workers is not None and workers < 1:
            raise UsageError(f"the number of workers is {workers}.", "Give 1 or more.")
        self._make_engine: Callable[..., Engine] = partial(
            make_engine, folder, plugins, engine=engine, device=device, precision=precision, notify=notify
        )
        self._batch_size = batch_size
        self._workers = workers or min(_cores(), MAX_WORKERS)
        self._max_pixels = max_pixels
        self._notify = notify
        self._engines: dict[int | None, Engine] = {}

    def __enter__(self) -> Embedder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].close()

    def describe(self) -> str:
        """Return engine, precision and device, for people; loads the engine."""
        return self._engine(self._batch_size).name

    def stream(self, photos: Iterable[Photo[T]]) -> Iterator[Embedded[T]]:
        """Yield what became of each photo, in the order of ``photos``, of which only a few are taken ahead.

        Raises:
            UsageError, ModelError: the engine cannot be had.
        """
        engine = self._engine(self._batch_size)
        waiting: deque[list[_Decoded[T]]] = deque()
        with closing(self._decode_all(photos, engine)) as decoded:
            batches = _pack(decoded, engine.batch_size, waiting)
            for rows in run(engine, batches, self._notify):
                yield from _unpack(waiting.popleft(), rows)

    def embed(
        self, picture: Path | Image | None = None, box: Box | None = None, attributes: Attributes | None = None
    ) -> list[float]:
        """Return the vector (E) of one picture: a file, or an RGB picture that is upright already.

        Args:
            picture: may be left out where the model looks at attributes.
            attributes: as those of a `Photo`.

        Raises:
            PhotoError: the picture cannot be used, or there is nothing that the model looks at.
            UsageError, ModelError: the engine cannot be had.
        """
        codes = self._encode(attributes, has_photo=picture is not None)
        if picture is None:
            pixels = self._no_pixels()
        elif isinstance(picture, str | os.PathLike):
            pixels = self._pixels(read_photo(Path(picture), max_pixels=self._max_pixels).data, box)
        else:
            pixels = to_pixels(picture, self.card.preprocess)
        # An engine that is loaded for many photos is taken for one as well; else one is loaded that is quick with one.
        engine = next(iter(self._engines.values()), None) or self._engine(1)
        (rows,) = run(engine, [_stack([pixels], [] if codes is None else [codes])], self._notify)
        (vector,) = _vectors(rows)
        if vector is None:
            raise _bad_vector()
        return vector

    def _engine(self, batch_size: int | None) -> Engine:
        if batch_size not in self._engines:
            self._engines[batch_size] = self._make_engine(batch_size=batch_size)
        return self._engines[batch_size]

    def _decode_all(self, photos: Iterable[Photo[T]], engine: Engine) -> Generator[_Decoded[T]]:
        ahead = 2 * self._workers + -(-engine.batch_size // CHUNK)
        pending: deque[Future[list[_Decoded[T]]]] = deque()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="decode")
        try:
            for chunk in _chunks(photos):
                pending.append(pool.submit(self._decode_chunk, chunk))
                if len(pending) > ahead:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _decode_chunk(self, photos: list[Photo[T]]) -> list[_Decoded[T]]:
        return [self._decode(photo) for photo in photos]

    def _decode(self, photo: Photo[T]) -> _Decoded[T]:
        decoded = _Decoded(photo.key)
        try:
            codes = self._encode(photo.attributes, has_photo=photo.path is not None)
            file = None if photo.path is None else read_photo(photo.path, max_pixels=self._max_pixels)
            if file is not None:
                decoded.stat, decoded.content = file.stat, file.content(photo.box)
            if codes is not None:
                decoded.content += hash_codes(codes)
            if decoded.content != photo.known_content:
                decoded.pixels = self._no_pixels() if file is None else self._pixels(file.data, photo.box)
                decoded.codes = codes
                decoded.has_pixels = True
        except PhotoError as failure:
            decoded.failure = failure
        return decoded

    def _encode(self, attributes: Attributes | None, *, has_photo: bool) -> NDArray[np.float32] | None:
        """Return the codes (A) of attributes, or ``None`` where the model looks at the photo alone.

        Raises:
            PhotoError: no_photo, where there is nothing else that the model looks at.
        """
        if self._encoding is None:
            if not has_photo:
                raise PhotoError(Reason.NO_PHOTO, "there is no photo, and the model looks at nothing else")
            return None
        codes: NDArray[np.float32] = self._encoding.encode([attributes or {}], [has_photo])[0]
        if not codes.any():
            raise PhotoError(Reason.NO_PHOTO, "there is neither a photo nor any attribute that the model looks at")
        return codes

    def _pixels(self, data: bytes, box: Box | None) -> NDArray[np.uint8]:
        """Return the pixels (H x W x 3) of a photo's bytes. Raises PhotoError."""
        preprocess = self.card.preprocess
        picture = decode(data, box, max_pixels=self._max_pixels, enough_px=preprocess.enough_px)
        return to_pixels(picture, preprocess)

    def _no_pixels(self) -> NDArray[np.uint8]:
        """Return zeros (H x W x 3), which take no memory until they are part of a batch."""
        import numpy as np

        side = self.card.preprocess.crop_px
        return np.broadcast_to(np.uint8(0), (side, side, 3))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chunks(photos: Iterable[Photo[T]]) -> Iterator[list[Photo[T]]]:
    chunk: list[Photo[T]] = []
    for photo in photos:
        chunk.append(photo)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _pack(decoded: Iterable[_Decoded[T]], size: int, waiting: deque[list[_Decoded[T]]]) -> Iterator[Batch]:
    """Yield batches of up to ``size`` photos, and put the photos of each, with those between them, into ``waiting``."""
    group: list[_Decoded[T]] = []
    pixels: list[NDArray[np.uint8]] = []
    codes: list[NDArray[np.float32]] = []
    for photo in decoded:
        group.append(photo)
        if photo.codes is not None:
            codes.append(photo.codes)
        if photo.pixels is not None:
            pixels.append(photo.pixels)
            photo.pixels = photo.codes = None  # their place in the batch is enough
        # Where hardly any photo needs the model, the others must not wait for a batch to fill.
        if len(pixels) == size or len(group) >= HELD_BACK * size:
            waiting.append(group)
            yield _stack(pixels, codes)
            group, pixels, codes = [], [], []
    waiting.append(group)
    yield _stack(pixels, codes)


def _stack(pixels: list[NDArray[np.uint8]], codes: list[NDArray[np.float32]]) -> Batch:
    """Return photos (B of H x W x 3) and, for a model that looks at them, codes (B of A) as a batch."""
    import numpy as np

    photos = np.stack(pixels) if pixels else np.empty((0, 1, 1, 3), np.uint8)
    return Batch(photos, np.stack(codes) if codes else None)


def _unpack(group: list[_Decoded[T]], rows: NDArray[np.float32]) -> Iterator[Embedded[T]]:
    vectors = iter(_vectors(rows))
    for photo in group:
        vector = next(vectors) if photo.has_pixels else None
        failure = photo.failure
        if photo.has_pixels and vector is None:
            failure = _bad_vector()
        yield Embedded(photo.key, vector, photo.content, photo.stat, failure)


def _vectors(rows: NDArray[np.float32]) -> list[list[float] | None]:
    """Return rows (B x E) as lists, which a store takes faster than arrays; ``None`` for one that is no unit vector."""
    import numpy as np

    if rows.size == 0:
        return []
    lengths = np.linalg.norm(rows, axis=1)
    good = np.abs(lengths - 1) < 0.01  # false for a NaN
    lists: list[list[float] | None] = rows.tolist()
    return lists if good.all() else [row if fine else None for row, fine in zip(lists, good, strict=True)]


def _bad_vector() -> PhotoError:
    return PhotoError(Reason.BAD_VECTOR, "the model gives no direction for it: its output is zero or not finite")
