from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_match import ModelError, Plugins, Reason, UsageError
from fashion_match.core.model import artifact, embedder
from fashion_match.core.model.embedder import Embedded, Embedder, Photo
from fashion_match.core.model.image import PhotoError, decode, read_photo
from fashion_match.core.model.pixel import to_pixels


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    paths = []
    for n in range(41):
        path = folder / f"{n}.{('jpg', 'png')[n % 2]}"
        coarse = Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((40 + n, 60)).save(path)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def working(model: Path, plugins: Plugins) -> Iterator[Embedder]:
    with Embedder(model, plugins, device="cpu", batch_size=4, workers=2) as made:
        yield made


def photos(files: list[Path]) -> list[Photo[int]]:
    return [Photo(n, path) for n, path in enumerate(files)]


def decoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_vectors_are_those_of_one_photo_at_a_time_in_order(
    working: Embedder, model: Path, plugins: Plugins, files: list[Path]
) -> None:
    import torch

    network = artifact.load_module(model, plugins)
    done = list(working.stream(photos(files)))
    assert [embedded.key for embedded in done] == list(range(len(files)))
    for embedded, path in zip(done, files, strict=True):
        pixels = to_pixels(decode(path.read_bytes()), working.card.preprocess)
        with torch.inference_mode():
            expected = network(torch.from_numpy(pixels[None].copy()))[0].numpy()
        assert embedded.vector is not None
        assert all(type(value) is float for value in embedded.vector[:3])
        assert np.dot(embedded.vector, expected) > 0.9999
        photo = read_photo(path)
        assert (embedded.content, embedded.stat, embedded.failure) == (photo.content(None), photo.stat, None)


def test_failures_and_known_photos_come_in_their_places(working: Embedder, files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    known = read_photo(files[5]).content(None)
    mixed: list[Photo[str]] = []
    for n, path in enumerate(files[:20]):
        mixed.append(Photo(f"good {n}", path))
        mixed.append(Photo("missing", tmp_path / "none.jpg"))
        mixed.append(Photo("text", tmp_path / "text.jpg"))
        mixed.append(Photo("known", files[5], known_content=known))
        mixed.append(Photo("changed", files[5], (0, 0, 9, 9), known))
        mixed.append(Photo("box", files[5], (900, 900, 999, 999)))
    done = list(working.stream(mixed))
    assert [embedded.key for embedded in done] == [photo.key for photo in mixed]
    alone = {n: working.embed(path) for n, path in enumerate(files[:20])}
    for embedded in done:
        if embedded.key.startswith("good"):
            assert embedded.vector == pytest.approx(alone[int(embedded.key.split()[1])], abs=1e-4)
        elif embedded.key == "changed":
            assert embedded.vector is not None
        else:
            assert embedded.vector is None
    outcome = {embedded.key: embedded for embedded in done}
    assert outcome["missing"].failure is not None
    assert outcome["missing"].failure.reason is Reason.MISSING_FILE
    assert outcome["text"].failure is not None
    assert outcome["text"].failure.reason is Reason.NOT_AN_IMAGE
    assert outcome["box"].failure is not None
    assert outcome["box"].failure.reason is Reason.BAD_BOX
    assert outcome["known"].failure is None
    assert outcome["known"].content == known


def test_nothing_at_all(working: Embedder) -> None:
    assert list(working.stream([])) == []


def test_photos_are_taken_only_a_few_ahead(working: Embedder, files: list[Path]) -> None:
    taken = 0

    def endless() -> Iterator[Photo[int]]:
        nonlocal taken
        while True:
            taken += 1
            yield Photo(taken, files[taken % len(files)])

    stream = working.stream(endless())
    for n in range(1, 30):
        assert next(stream).key == n
    assert taken < 150
    stream.close()
    assert not decoders()


def test_where_no_photo_needs_the_model_results_still_flow(working: Embedder, files: list[Path]) -> None:
    known = read_photo(files[0]).content(None)
    taken = 0

    def endless() -> Iterator[Photo[int]]:
        nonlocal taken
        while True:
            taken += 1
            yield Photo(taken, files[0], known_content=known)

    stream = working.stream(endless())
    assert next(stream).key == 1
    assert taken < 2000
    stream.close()


def test_an_error_of_the_source_ends_the_stream_and_its_threads(working: Embedder, files: list[Path]) -> None:
    def broken() -> Iterator[Photo[int]]:
        yield from photos(files[:30])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(working.stream(broken()))
    assert not decoders()


def test_two_streams_of_one_embedder_after_each_other_agree(working: Embedder, files: list[Path]) -> None:
    first, second = ([done.vector for done in working.stream(photos(files[:6]))] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("bad", [np.nan, 0.0, np.inf])
def test_an_output_without_direction_is_a_failure(
    bad: float, working: Embedder, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = embedder.run

    def spoilt(*args: object) -> Iterator[np.ndarray]:
        for rows in real(*args):  # type: ignore[arg-type]
            rows[: len(rows) // 2] = bad
            yield rows

    monkeypatch.setattr(embedder, "run", spoilt)
    done = list(working.stream(photos(files[:4])))
    assert [embedded.vector is None for embedded in done] == [True, True, False, False]
    assert done[0].failure is not None
    assert done[0].failure.reason is Reason.BAD_VECTOR


def test_one_picture_by_file_or_from_memory(model: Path, plugins: Plugins, files: list[Path], tmp_path: Path) -> None:
    with Embedder(model, plugins, device="cpu") as made:
        vector = made.embed(files[1])
        with Image.open(files[1]) as picture:
            assert made.embed(picture.convert("RGB")) == pytest.approx(vector, abs=1e-5)
        cropped = made.embed(files[1], (0, 0, 20, 20))
        assert np.linalg.norm(cropped) == pytest.approx(1, abs=1e-5)
        assert np.dot(cropped, vector) < 0.9999
        with pytest.raises(PhotoError) as refused:
            made.embed(tmp_path / "none.jpg")
        assert refused.value.reason is Reason.MISSING_FILE


def test_photos_and_attributes_each_alone_and_both_together(
    fusion_model: Path, fusing: Plugins, files: list[Path]
) -> None:
    import torch

    network = artifact.load_module(fusion_model, fusing)
    described = [{"color": ("Blue", "Red", "Puce")[n % 3], "price": float(n), "brand": "Acme"} for n in range(21)]
    mixed = [
        Photo(n, None if n % 3 == 0 else files[n], attributes=None if n % 3 == 1 else described[n]) for n in range(21)
    ]
    with Embedder(fusion_model, fusing, device="cpu", batch_size=4, workers=2) as made:
        encoding = made.card.encoding
        assert encoding is not None
        done = list(made.stream(mixed))
        assert [embedded.key for embedded in done] == list(range(21))
        for photo, embedded in zip(mixed, done, strict=True):
            codes = encoding.encode([photo.attributes or {}], [photo.path is not None])
            pixels = np.zeros((32, 32, 3), np.uint8)
            if photo.path is not None:
                pixels = to_pixels(decode(photo.path.read_bytes()), made.card.preprocess)
            with torch.inference_mode():
                expected = network(torch.from_numpy(pixels[None].copy()), torch.from_numpy(codes))[0].numpy()
            assert embedded.vector is not None
            assert np.dot(embedded.vector, expected) > 0.99999
            assert made.embed(photo.path, attributes=photo.attributes) == pytest.approx(embedded.vector, abs=1e-5)
            stat = (0, 0) if photo.path is None else read_photo(photo.path).stat
            assert (embedded.stat, embedded.failure) == (stat, None)
        assert len({embedded.content for embedded in done}) == 21


def test_what_the_model_was_told_is_part_of_the_content(fusion_model: Path, fusing: Plugins, files: list[Path]) -> None:
    blue, red = {"color": "Blue"}, {"color": "Red"}
    with Embedder(fusion_model, fusing, device="cpu", batch_size=4) as made:
        for path in (None, files[0]):
            (first,) = made.stream([Photo(0, path, attributes=blue)])
            again = [blue, red, blue | {"brand": "Acme"}]
            done = list(made.stream(Photo(0, path, None, first.content, attributes) for attributes in again))
            assert [embedded.vector is None for embedded in done] == [True, False, True]
            assert [embedded.content == first.content for embedded in done] == [True, False, True]


def test_where_there_is_nothing_to_look_at_there_is_no_vector(
    working: Embedder, fusion_model: Path, fusing: Plugins, files: list[Path]
) -> None:
    with Embedder(fusion_model, fusing, device="cpu", batch_size=4) as made:
        for embedder, attributes in ((working, {"color": "Blue"}), (made, {"brand": "Acme"}), (made, None)):
            (done,) = embedder.stream([Photo(0, None, attributes=attributes)])
            assert done.vector is None
            assert done.failure is not None
            assert done.failure.reason is Reason.NO_PHOTO
            with pytest.raises(PhotoError) as refused:
                embedder.embed(attributes=attributes)
            assert refused.value.reason is Reason.NO_PHOTO


def test_a_model_of_photos_alone_passes_attributes_over(working: Embedder, files: list[Path]) -> None:
    plain, described = working.stream([Photo(0, files[0]), Photo(0, files[0], attributes={"color": "Blue"})])
    assert plain == described


def test_memory_stays_flat(working: Embedder, files: list[Path]) -> None:
    def peak(n: int) -> int:
        tracemalloc.start()
        for _ in working.stream(Photo(k, files[k % len(files)]) for k in range(n)):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(100)
    assert peak(1600) < 1.5 * peak(200)


def test_what_cannot_be_is_refused(model: Path, plugins: Plugins, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no model"):
        Embedder(tmp_path, plugins)
    with pytest.raises(UsageError, match="workers is 0"):
        Embedder(model, plugins, workers=0)


def test_results_are_small() -> None:
    assert not hasattr(Embedded("key", None, "", (0, 0)), "__dict__")


def test_the_number_of_workers_follows_the_cores(
    model: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    started: list[int] = []
    real: Callable[..., object] = embedder.ThreadPoolExecutor

    def counted(workers: int, **options: object) -> object:
        started.append(workers)
        return real(workers, **options)

    monkeypatch.setattr(embedder, "ThreadPoolExecutor", counted)
    with Embedder(model, plugins, device="cpu") as made:
        list(made.stream([]))
    assert started == [3]
