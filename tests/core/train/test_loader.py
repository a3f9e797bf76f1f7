"""The same batch for the same seed, whoever makes it; and held-out photos as a query would see them."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fashion_match import Batches, Encoding, Item, Preprocess
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.model.image import decode
from fashion_match.core.model.pixel import to_pixels
from fashion_match.core.train import loader
from fashion_match.core.train.augment import parse_augment
from fashion_match.core.train.batch import Batch, BatchOrder, Table, make_table
from fashion_match.core.train.loader import VALIDATION_BATCH, HeldOutPhotos, TrainPhotos, train_loader, usual_workers
from fashion_match.core.train.photo_cache import PhotoCache

SIDE, N = 16, 12
PREPROCESS = Preprocess(resize_px=20, crop_px=SIDE)
ENCODING = Encoding(vocabularies={"color": ("Blue", "Red")})
BROKEN = 5


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Twelve items of six labels; the photo of one is broken."""
    folder = tmp_path_factory.mktemp("photos")
    made = []
    for n in range(N):
        coarse = np.random.default_rng(n).integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(coarse).resize((30, 40)).save(folder / f"{n}.png")
        made.append(
            Item(
                id=f"i{n}",
                image=folder / f"{n}.png",
                label=f"s{n // 2}",
                attributes={"color": ("Blue", "Red", "Green")[n % 3]},
            )
        )
    (folder / f"{BROKEN}.png").write_text("no photo")
    return made


@pytest.fixture(scope="module")
def table(items: list[Item]) -> Table:
    labels = [item.label for item in items]
    return make_table(items, labels, sorted(set(filter(None, labels))), {"color": ("Blue", "Red")}, ENCODING)


def cache(items: list[Item], n_kept: int = N, preprocess: Preprocess = PREPROCESS) -> PhotoCache:
    made = PhotoCache(items, preprocess, max_bytes=n_kept * 3 * preprocess.crop_px**2)
    made.fill()
    return made


def train(items: list[Item], table: Table, text: str = "strong", *, n_kept: int = N) -> TrainPhotos:
    room = PREPROCESS.model_copy(update={"crop_px": 20})
    return TrainPhotos(cache(items, n_kept, room), table, parse_augment(text), SIDE, ENCODING, (0.3, 0.5))


def order(table: Table, epoch: int = 0) -> BatchOrder:
    return BatchOrder(table.labels, range(N), Batches(photos_per_label=2), batch_size=4, seed=1, epoch=epoch)


def parts(batch: Batch) -> list[torch.Tensor]:
    assert batch.codes is not None
    return [batch.photos, batch.labels, batch.items, batch.targets["color"], batch.codes]


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(parts(one), parts(other), strict=True))


@pytest.mark.parametrize("n_kept", [0, N])
def test_a_batch_is_that_of_its_seed_whatever_was_drawn_before(items: list[Item], table: Table, n_kept: int) -> None:
    photos = train(items, table, n_kept=n_kept)
    torch.manual_seed(1)
    first = photos.__getitems__([77, 3, 8, 8, 1])
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(2), expected), "and it leaves no trace in what others draw"
    photos.__getitems__([5, 2])
    assert same(photos.__getitems__([77, 3, 8, 8, 1]), first)
    other = photos.__getitems__([78, 3, 8, 8, 1])
    assert not torch.equal(other.photos, first.photos)
    assert not torch.equal(first.photos[1], first.photos[2]), "views of one photo differ"
    assert (first.photos.shape, first.photos.dtype) == ((4, SIDE, SIDE, 3), torch.uint8)


def test_what_is_left_out_of_a_batch_is_that_of_its_seed(items: list[Item], table: Table) -> None:
    photos = train(items, table)
    numbers = [0, 1, 2, 3] * 20
    first, again, other = (photos.__getitems__([seed, *numbers]).codes for seed in (4, 4, 9))
    assert first is not None
    assert again is not None
    assert other is not None
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0 < first[:, PHOTO].mean() < 1
    assert table.codes is not None
    assert (table.codes[:, PHOTO] == 1).all()


def test_a_process_in_which_openvino_has_run_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    assert usual_workers(2) == (2 if sys.platform == "linux" else 0)
    monkeypatch.setitem(sys.modules, "openvino", sys)
    assert usual_workers(2) == 0


def test_a_loader_leaves_the_random_state_of_dropout_alone(items: list[Item], table: Table) -> None:
    photos = train(items, table)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    list(train_loader(photos, order(table), workers=0, pin=False))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("n_kept", [0, N])
def test_photos_that_fail_are_left_out_with_all_that_is_known_of_them(
    items: list[Item], table: Table, n_kept: int
) -> None:
    batch = train(items, table, n_kept=n_kept).__getitems__([1, 4, BROKEN, 6, BROKEN])
    assert batch.items.tolist() == [4, 6]
    assert batch.labels.tolist() == [2, 3]
    assert batch.targets["color"].tolist() == [1, 0]
    assert [len(part) for part in parts(batch)] == [2] * 5
    nothing = train(items, table).__getitems__([1, BROKEN])
    assert len(nothing) == 0
    assert nothing.photos.shape == (0, SIDE, SIDE, 3)
    assert [len(part) for part in parts(nothing)] == [0] * 5


def test_without_augmentation_photos_are_those_of_a_query(items: list[Item], table: Table) -> None:
    photos = TrainPhotos(cache(items), table, {}, SIDE)
    batch = photos.__getitems__([1, 0, 2])
    for pixels, number in zip(batch.photos, (0, 2), strict=True):
        assert np.array_equal(pixels.numpy(), query_pixels(items[number]))
    assert batch.codes is not None
    assert table.codes is not None
    assert torch.equal(batch.codes, table.codes[[0, 2]]), "and nothing is left out without being asked"


@pytest.mark.parametrize("n_kept", [0, N])
def test_nothing_is_said_about_memory_that_cannot_be_written(items: list[Item], table: Table, n_kept: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(items, table, n_kept=n_kept).__getitems__([1, 0, 2])


def query_pixels(item: Item) -> Any:
    assert item.image is not None
    return to_pixels(decode(item.image.read_bytes(), enough_px=PREPROCESS.enough_px), PREPROCESS)


def test_held_out_photos_come_in_order_as_a_query_would_see_them(items: list[Item], table: Table) -> None:
    numbers = [n for n in range(N) if n != BROKEN] * 7
    held_out = HeldOutPhotos(cache(items), table, numbers, SIDE)
    found = list(held_out)
    assert len(found) == len(held_out) == 2
    assert [len(batch) for batch in found] == [VALIDATION_BATCH, len(numbers) - VALIDATION_BATCH]
    assert [number for batch in found for number in batch.items.tolist()] == numbers
    expected = {number: query_pixels(items[number]) for number in set(numbers)}
    for batch in found:
        assert torch.equal(batch.labels, table.labels[batch.items])
        for pixels, number in zip(batch.photos, batch.items.tolist(), strict=True):
            assert np.array_equal(pixels.numpy(), expected[number])


def test_held_out_photos_that_fail_are_passed_over(items: list[Item], table: Table) -> None:
    assert list(HeldOutPhotos(cache(items), table, [BROKEN], SIDE)) == []
    (batch,) = HeldOutPhotos(cache(items), table, [BROKEN, 3], SIDE)
    assert batch.items.tolist() == [3]


def test_views_are_the_same_in_every_epoch(items: list[Item], table: Table) -> None:
    numbers = [n for n in range(N) if n != BROKEN for _ in range(3)]
    views = HeldOutPhotos(cache(items), table, numbers, SIDE, parse_augment("crop=0.5,flip"), seed=8)
    (first,) = views
    torch.rand(5)
    (again,) = views
    assert same(first, again)
    assert not torch.equal(first.photos[0], first.photos[1])
    (other,) = HeldOutPhotos(cache(items), table, numbers, SIDE, parse_augment("crop=0.5,flip"), seed=9)
    assert not torch.equal(first.photos, other.photos)


@pytest.mark.parametrize(
    ("cores", "asked", "expected"),
    [(1, None, 0), (2, None, 0), (4, None, 3), (64, None, 8), (2, 5, 5), (64, 0, 0)],
)
def test_cores_decide_about_processes_unless_asked(
    cores: int, asked: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    monkeypatch.setattr(loader.sys, "platform", "linux")
    monkeypatch.setattr(loader.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert usual_workers(asked) == expected
    monkeypatch.setattr(loader.sys, "platform", "darwin")
    assert usual_workers(asked) == 0, "where processes cannot be forked"
