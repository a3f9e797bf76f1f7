"""Which photos come together: each once in an epoch, in pairs where there are any, and always the same for one seed."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fashion_match import Batches, Encoding, Item
from fashion_match.core.model.encoding import PHOTO
from fashion_match.core.train.batch import Batch, BatchOrder, leave_out, make_table, mix

LABELS = st.lists(st.integers(-1, 8), min_size=1, max_size=80)


def order(labels: list[int], how: Batches | None = None, **given: Any) -> BatchOrder:
    arguments = {"batch_size": 8, "seed": 3, "epoch": 0, "usable": range(len(labels))} | given
    usable = list(arguments.pop("usable"))
    return BatchOrder(torch.tensor(labels), usable, how or Batches(), **arguments)


def batches(made: BatchOrder) -> list[list[int]]:
    """The numbers of each batch, without the seed that comes first."""
    return [numbers for _, *numbers in made]


@settings(deadline=None)
@given(n=st.integers(1, 200), batch_size=st.integers(2, 40), seed=st.integers(0, 99))
def test_every_photo_comes_once_in_batches_that_are_about_as_large(n: int, batch_size: int, seed: int) -> None:
    made = order([-1] * n, batch_size=batch_size, seed=seed)
    found = batches(made)
    assert sorted(number for batch in found for number in batch) == list(range(n))
    sizes = [len(batch) for batch in found]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert len(found) == len(made) == -(-n // batch_size)


@settings(deadline=None, max_examples=200)
@given(labels=LABELS, batch_size=st.integers(2, 33), k=st.integers(2, 6), seed=st.integers(0, 99))
def test_in_batches_by_label_every_photo_comes_and_none_is_without_its_like(
    labels: list[int], batch_size: int, k: int, seed: int
) -> None:
    found = batches(order(labels, Batches(photos_per_label=k), batch_size=batch_size, seed=seed))
    counts = Counter(label for label in labels if label >= 0)
    times = Counter(number for batch in found for number in batch)
    assert set(times) == set(range(len(labels)))
    # A photo comes twice only to make a pair of the last group of its label, where that would be one photo.
    group = max(2, min(k, batch_size))
    assert len([n for n in times.values() if n > 1]) == sum(n > 1 and n % group == 1 for n in counts.values())
    assert max(times.values()) <= 2
    for batch in found:
        assert len(batch) <= batch_size
        for label, n in Counter(labels[number] for number in batch).items():
            assert n >= 2 or label == -1 or counts[label] == 1, "a photo without its like has no positive"


@settings(deadline=None, max_examples=50)
@given(labels=LABELS, k=st.integers(2, 5), batch_size=st.integers(2, 20))
def test_there_are_as_many_batches_in_every_epoch(labels: list[int], k: int, batch_size: int) -> None:
    """A run is planned by the first one."""
    how = Batches(photos_per_label=k)
    lengths = {len(order(labels, how, epoch=epoch, batch_size=batch_size)) for epoch in range(8)}
    assert len(lengths) == 1


def test_groups_that_fit_fill_batches_without_a_gap() -> None:
    labels = [n // 4 for n in range(64)]
    found = batches(order(labels, Batches(photos_per_label=4), batch_size=16))
    assert [len(batch) for batch in found] == [16] * 4
    for batch in found:
        assert sorted(Counter(labels[number] for number in batch).values()) == [4] * 4


def test_groups_that_leave_gaps_take_few_more_batches() -> None:
    labels = [n // 3 for n in range(3 * 200)]  # two threes go into eight, and leave two
    found = batches(order(labels, Batches(photos_per_label=4), batch_size=8))
    assert 100 <= len(found) <= 110


def test_larger_batches_come_anywhere_in_an_epoch() -> None:
    labels = [n // 3 for n in range(3 * 5)]
    sizes = [
        [len(batch) for batch in batches(order(labels, Batches(photos_per_label=3), batch_size=7, epoch=epoch))]
        for epoch in range(12)
    ]
    assert {tuple(found) for found in sizes} == {(3, 6, 6), (6, 3, 6), (6, 6, 3)}


def test_a_large_label_comes_in_several_groups() -> None:
    labels = [0] * 40 + [n for n in range(1, 11) for _ in range(4)]
    found = batches(order(labels, Batches(photos_per_label=4), batch_size=8))
    assert len(found) == 10
    for batch in found:
        assert sorted(Counter(labels[number] for number in batch).values()) in ([4, 4], [8])


def test_photos_without_their_like_are_spread_over_batches_with_pairs() -> None:
    labels = [n // 4 for n in range(80)] + [-1] * 20 + list(range(100, 120))
    for batch in batches(order(labels, Batches(photos_per_label=4), batch_size=24)):
        alone = [number for number in batch if number >= 80]
        assert 0 < len(alone) < len(batch) / 2


def test_labels_meet_other_labels_from_epoch_to_epoch() -> None:
    labels = [n // 2 for n in range(80)]
    met: set[tuple[int, int]] = set()
    for epoch in range(10):
        for batch in batches(order(labels, Batches(photos_per_label=2), epoch=epoch)):
            own = sorted({labels[number] for number in batch})
            met |= {(a, b) for a in own for b in own if a < b}
    assert len(met) > 0.45 * 40 * 39 / 2, "of all pairs of labels"


@pytest.mark.parametrize("how", [Batches(), Batches(photos_per_label=4), Batches(views=2)])
def test_the_order_is_that_of_seed_and_epoch_alone(how: Batches) -> None:
    labels = [n % 9 for n in range(60)]
    first = list(order(labels, how, seed=5, epoch=2))
    torch.manual_seed(99)
    torch.rand(7)
    random.seed(1)
    assert list(order(labels, how, seed=5, epoch=2)) == first
    others = [list(order(labels, how, seed=seed, epoch=epoch)) for seed, epoch in ((5, 1), (5, 3), (4, 2), (2, 5))]
    for other in others:
        assert other != first
        assert [numbers for _, *numbers in other] != [numbers for _, *numbers in first]
        assert not {seed for seed, *_ in other} & {seed for seed, *_ in first}, "photos are augmented anew"


def test_drawing_an_order_leaves_the_random_state_of_others_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    list(order([0, 0, 1, 1], Batches(photos_per_label=2)))
    assert torch.equal(torch.rand(3), expected)


@settings(deadline=None, max_examples=80)
@given(
    labels=LABELS,
    world=st.integers(1, 5),
    k=st.sampled_from([None, 2, 4]),
    batch_size=st.integers(2, 12),
)
@example(labels=[0] * 20, world=3, k=None, batch_size=5)
@example(labels=[n // 2 for n in range(20)], world=3, k=2, batch_size=4)
@example(labels=[0, 0, 1, 1], world=3, k=2, batch_size=4)
def test_devices_share_the_batches_and_have_as_many(labels: list[int], world: int, k: Any, batch_size: int) -> None:
    how = Batches(photos_per_label=k)
    alone = batches(order(labels, how, batch_size=batch_size))
    shares = [order(labels, how, batch_size=batch_size, rank=rank, world=world) for rank in range(world)]
    parts = [batches(share) for share in shares]
    assert len({len(part) for part in parts}) == 1, "a device that has one more would wait for ever"
    assert [len(share) for share in shares] == [len(part) for part in parts]
    together = [tuple(batch) for part in parts for batch in part]
    if len(alone) >= world:
        assert len(set(map(tuple, alone))) == len(set(together)) + len(alone) % world
        assert len(together) == len(alone) - len(alone) % world
        assert len({seed for share in shares for seed, *_ in share}) == len(together)
    else:
        assert len(parts[0]) == 1
    assert set(together) <= set(map(tuple, alone))


def test_views_of_a_photo_stand_side_by_side_and_count() -> None:
    found = batches(order([-1] * 20, Batches(views=3), batch_size=12))
    assert [len(batch) for batch in found] == [12] * 5
    for batch in found:
        assert batch[::3] == batch[1::3] == batch[2::3]
        assert len(set(batch)) == 4
    assert {number for batch in found for number in batch} == set(range(20))


def test_views_and_labels_go_together() -> None:
    labels = [n // 2 for n in range(16)]
    for batch in batches(order(labels, Batches(photos_per_label=2, views=2), batch_size=8)):
        assert sorted(Counter(labels[number] for number in batch).values()) == [4, 4]


def test_only_usable_photos_come() -> None:
    labels = [n // 2 for n in range(40)]
    usable = [n for n in range(40) if n % 5]
    for how in (Batches(), Batches(photos_per_label=2)):
        found = {number for batch in batches(order(labels, how, usable=usable)) for number in batch}
        assert found == set(usable)
    assert batches(order(labels, usable=[])) == batches(order(labels, Batches(photos_per_label=2), usable=[])) == []


def test_seeds_have_nothing_in_common() -> None:
    """Also those of numbers that are near each other, or the same in another order."""
    seeds = {mix(*numbers) for a in range(6) for b in range(6) for numbers in ((a,), (a, b), (a, b, a))}
    assert len(seeds) == 6 + 36 + 36
    assert all(0 <= seed < 2**63 for seed in seeds), "what torch takes"
    bits = [bin(mix(7, n) ^ mix(7, n + 1)).count("1") for n in range(200)]
    assert 28 < sum(bits) / len(bits) < 35, "half of 63"


# What is known of the items


def item(name: str, image: str | None = "photo.jpg", **attributes: Any) -> Item:
    return Item(id=name, image=Path(image) if image else None, attributes=attributes)


def test_the_table_says_labels_and_classes_by_number() -> None:
    items = [
        item("a", color="Red", year=2012),
        item("b", color=["Blue"], year="2013"),
        item("c", color=["Red", "Blue"], year=2012.0),
        item("d", color="Green"),
        item("e", image=None, year=2011),
    ]
    classes = {"color": ("Blue", "Red"), "year": ("2011", "2012", "2013")}
    table = make_table(items, ["s2", None, "s1", "gone", "s1"], ["s1", "s2"], classes, None)
    assert table.labels.tolist() == [1, -1, 0, -1, 0]
    assert table.targets["color"].tolist() == [1, 0, -1, -1, -1]
    # "2012.0" is no class: whole numbers and broken ones are told apart, as they are where classes are counted.
    assert table.targets["year"].tolist() == [1, 2, -1, -1, 0]
    assert table.codes is None
    assert {t.dtype for t in (table.labels, *table.targets.values())} == {torch.int64}
    labels, targets, codes = table.rows(torch.tensor([4, 0, 0]))
    assert (labels.tolist(), targets["year"].tolist(), codes) == ([0, 1, 1], [0, 1, 1], None)


def test_the_table_holds_the_codes_and_whether_there_is_a_photo() -> None:
    encoding = Encoding(vocabularies={"color": ("Blue", "Red")}, numbers={"price": (10.0, 5.0)})
    items = [item("a", color="Red"), item("b", image=None, price=20)]
    table = make_table(items, [None, None], [], {}, encoding)
    assert table.codes is not None
    assert table.codes.tolist() == [[1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 2]]
    codes = table.rows(torch.tensor([1]))[2]
    assert codes is not None
    assert codes.tolist() == [[0, 0, 0, 0, 1, 2]]


def test_a_batch_goes_to_another_place_with_all_its_parts() -> None:
    batch = Batch(
        torch.zeros(2, 4, 4, 3, dtype=torch.uint8),
        torch.tensor([0, 1]),
        torch.tensor([5, 6]),
        {"color": torch.tensor([1, -1])},
        torch.ones(2, 3),
    )
    moved = batch.to(torch.device("meta"))
    parts = [moved.photos, moved.labels, moved.items, moved.targets["color"], moved.codes]
    assert all(part is not None and part.device.type == "meta" for part in parts)
    assert len(moved) == len(batch) == 2
    batch.codes = None
    assert batch.to(torch.device("meta")).codes is None


# Leaving out

ENCODING = Encoding(vocabularies={"color": ("Blue", "Red"), "season": ("Fall",)}, numbers={"price": (0.0, 1.0)})


def codes(n: int, seed: int = 0, *, bare: bool = True) -> torch.Tensor:
    """Rows with and without a photo, with some, all or none of the attributes."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.zeros(n, ENCODING.width)
    made[:, PHOTO] = (torch.rand(n, generator=generator) < 0.7).float()
    for columns in ENCODING.columns.values():
        has = torch.rand(n, generator=generator) < (0.6 if bare else 2)
        made[has, columns.start] = 1
        made[has, columns.stop - 1] = 2.5
    return made


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 999), photo=st.sampled_from([0.0, 0.3, 1.0]), attribute=st.sampled_from([0.0, 0.3, 0.9, 1.0])
)
def test_no_item_loses_both_its_photo_and_its_attributes(seed: int, photo: float, attribute: float) -> None:
    before = codes(50, seed)
    kept = before.clone()
    after = leave_out(before, ENCODING, (photo, attribute), torch.Generator().manual_seed(seed))
    assert torch.equal(before, kept), "the table's own rows stay"
    for old, new in zip(before, after, strict=True):
        assert bool(new.any()) == bool(old.any())
        assert new[PHOTO] in (0, old[PHOTO])
        for columns in ENCODING.columns.values():
            assert torch.equal(new[columns], old[columns]) or not new[columns].any(), "wholly or not at all"


def test_chances_hold() -> None:
    before = codes(20_000, bare=False)
    before[:, PHOTO] = 1
    after = leave_out(before, ENCODING, (0.25, 0.5), torch.Generator().manual_seed(0))
    gone = {name: ~after[:, columns].any(dim=1) for name, columns in ENCODING.columns.items()}
    for name in gone:
        assert gone[name].float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert (gone["color"] & gone["season"]).float().mean().item() == pytest.approx(0.25, abs=0.02), "independently"
    anything = ~(gone["color"] & gone["season"] & gone["price"])
    assert (after[anything, PHOTO] == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert (after[~anything, PHOTO] == 1).all()


def test_what_is_left_out_is_that_of_the_generator_alone() -> None:
    before = codes(40)
    first, again, other = (
        leave_out(before, ENCODING, (0.5, 0.5), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(leave_out(before, ENCODING, (0.0, 0.0), torch.Generator()), before)
