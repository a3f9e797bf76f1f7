"""Pixels are those that a query's photo would become, whether they are kept or decoded anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashion_match import Item, Preprocess, Reason
from fashion_match.core.model.image import decode
from fashion_match.core.model.pixel import to_pixels
from fashion_match.core.train import photo_cache
from fashion_match.core.train.photo_cache import PhotoCache

SIDE = 32
PHOTO_BYTES = 3 * SIDE * SIDE
PREPROCESS = Preprocess(resize_px=40, crop_px=SIDE)


def save(file: Path, seed: int, size: tuple[int, int] = (60, 90)) -> Path:
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    Image.fromarray(coarse).resize(size).save(file)
    return file


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Twenty photos that are fine, of them one large JPEG and one with a box, and four others."""
    folder = tmp_path_factory.mktemp("photos")
    made = [Item(id=f"i{n}", image=save(folder / f"{n}.png", n)) for n in range(18)]
    made.append(Item(id="large", image=save(folder / "large.jpg", 90, (800, 500))))
    made.append(Item(id="boxed", image=save(folder / "boxed.png", 91), box=(10, 20, 50, 70)))
    (folder / "text.jpg").write_text("no photo")
    (folder / "cut.png").write_bytes((folder / "1.png").read_bytes()[:200])
    made.append(Item(id="text", image=folder / "text.jpg"))
    made.append(Item(id="missing", image=folder / "none.jpg"))
    made.append(Item(id="cut", image=folder / "cut.png"))
    made.append(Item(id="bad box", image=folder / "1.png", box=(500, 500, 600, 600)))
    made.append(Item(id="none", image=None))
    return made


FINE, BROKEN = 20, {20: Reason.NOT_AN_IMAGE, 21: Reason.MISSING_FILE, 22: Reason.TRUNCATED, 23: Reason.BAD_BOX}


def expected(item: Item, preprocess: Preprocess = PREPROCESS) -> Any:
    assert item.image is not None
    picture = decode(item.image.read_bytes(), item.box, enough_px=preprocess.enough_px)
    return to_pixels(picture, preprocess)


def make(items: list[Item], n_kept: int = 1000, preprocess: Preprocess = PREPROCESS) -> PhotoCache:
    return PhotoCache(items, preprocess, max_bytes=n_kept * PHOTO_BYTES)


@pytest.mark.parametrize("n_kept", [0, 7, 1000])
@pytest.mark.parametrize("preprocess", [PREPROCESS, Preprocess(resize="squash", crop_px=SIDE)])
def test_pixels_are_those_of_a_query(items: list[Item], n_kept: int, preprocess: Preprocess) -> None:
    cache = make(items, n_kept, preprocess)
    cache.fill()
    for number in range(FINE):
        found = cache.get(number)
        assert found is not None
        assert (found.shape, found.dtype) == ((SIDE, SIDE, 3), np.uint8)
        assert np.array_equal(found, expected(items[number], preprocess)), items[number].id
        assert found.flags.writeable, "torch warns of arrays that are not"


def test_a_box_is_the_garment(items: list[Item]) -> None:
    whole = items[19].model_copy(update={"box": None})
    boxed, not_boxed = make([items[19]]), make([whole])
    for cache in (boxed, not_boxed):
        cache.fill()
    assert not np.array_equal(boxed.get(0), not_boxed.get(0))


def test_an_item_without_a_photo_is_grey(items: list[Item]) -> None:
    for n_kept in (0, 1000):
        cache = make(items, n_kept)
        cache.fill()
        pixels = cache.get(24)
        assert pixels is not None
        assert set(np.unique(pixels)) == {128}


def test_the_bound_is_kept_and_what_lies_beyond_it_is_decoded_when_asked(
    items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    monkeypatch.setattr(photo_cache, "decode", lambda data, *a, **k: decoded.append(data) or decode(data, *a, **k))
    cache = PhotoCache(items, PREPROCESS, max_bytes=5 * PHOTO_BYTES + PHOTO_BYTES // 2)
    assert (cache.n_kept, cache._kept.nbytes) == (5, 5 * PHOTO_BYTES)
    cache.fill()
    assert len(decoded) == 5
    for _ in range(3):
        cache.get(4)
    assert len(decoded) == 5
    for _ in range(3):
        cache.get(5)
    assert len(decoded) == 8
    assert PhotoCache(items, PREPROCESS, max_bytes=10**9).n_kept == len(items)


@pytest.mark.parametrize("n_kept", [0, 1000])
def test_a_photo_that_cannot_be_used_is_a_failure_and_is_tried_once(
    items: list[Item], n_kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []
    read = photo_cache.read_photo
    monkeypatch.setattr(photo_cache, "read_photo", lambda path, **k: tried.append(path) or read(path, **k))
    cache = make(items, n_kept)
    cache.fill()
    for _ in range(3):
        for number in BROKEN:
            assert cache.get(number) is None
    assert {number: failure.reason for number, failure in cache.failures.items()} == BROKEN
    for number, failure in cache.failures.items():
        assert (failure.item, failure.file) == (items[number].id, str(items[number].image))
        assert failure.detail
    assert sum(path.name == "text.jpg" for path in tried) == 1


def test_a_photo_beyond_the_limit_is_refused(items: list[Item]) -> None:
    cache = PhotoCache(items[:19], PREPROCESS, max_bytes=10**9, max_pixels=100_000)
    cache.fill()
    assert {items[number].id: failure.reason for number, failure in cache.failures.items()} == {
        "large": Reason.TOO_LARGE
    }


def test_progress_counts_up_to_what_is_kept(items: list[Item]) -> None:
    seen: list[int] = []
    make(items, 20).fill(seen.append)
    assert seen == [16, 20]
    seen.clear()
    make(items, 0).fill(seen.append)
    assert seen == []
