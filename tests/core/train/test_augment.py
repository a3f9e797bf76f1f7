"""Augmentation is what was written, within its strength, and the same for the same seed."""

from __future__ import annotations

import pytest
import torch

from fashion_match import UsageError
from fashion_match.core.train.augment import OPERATIONS, PRESETS, make_augment, parse_augment

SIDE, ROOM = 24, 32


def picture(seed: int = 0, side: int = ROOM) -> torch.Tensor:
    """3 x S x S, uint8, with smooth colours and no white."""
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * 200
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")[0].to(torch.uint8)


def drawn(text: str, n: int = 40, *, given: torch.Tensor | None = None) -> list[torch.Tensor]:
    augment = make_augment(parse_augment(text), SIDE)
    torch.manual_seed(0)
    return [augment(picture() if given is None else given) for _ in range(n)]


def centre(photo: torch.Tensor) -> torch.Tensor:
    start = (ROOM - SIDE) // 2
    return photo[:, start : start + SIDE, start : start + SIDE]


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("", {}),
        ("none", {}),
        ("flip", {"flip": 0.5}),
        ("crop=0.7, flip=1,jitter", {"crop": 0.7, "flip": 1.0, "jitter": 0.2}),
        ("standard", {"crop": 0.6, "flip": 0.5}),
        ("standard,rotate=5", {"crop": 0.6, "flip": 0.5, "rotate": 5.0}),
        ("crop=0.9,standard", {"crop": 0.6, "flip": 0.5}),
        ("standard, crop=0.9", {"crop": 0.9, "flip": 0.5}),
        ("rotate=180,hue=0.5", {"rotate": 180.0, "hue": 0.5}),
    ],
)
def test_what_is_written_is_what_is_done(text: str, operations: dict[str, float]) -> None:
    assert parse_augment(text) == operations


def test_every_preset_and_every_operation_can_be_read() -> None:
    for text in [*PRESETS, *OPERATIONS]:
        assert set(parse_augment(text)) <= set(OPERATIONS)
    assert parse_augment(",".join(OPERATIONS)) == OPERATIONS


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("flop", "no augmentation 'flop'", "Did you mean 'flip'?"),
        ("standart", "no augmentation 'standart'", "Did you mean 'standard'?"),
        ("crop=much", "'crop=much' is no number", "Write crop=0.6."),
        ("crop=", "'crop=' is no number", "Write crop=0.6."),
        ("crop=1.5", "'crop=1.5' is out of range", "Write crop=0.6, say."),
        ("flip=-0.1", "out of range", ""),
        ("rotate=181", "out of range", ""),
        ("hue=0.6", "out of range", ""),
        ("flip=nan", "out of range", ""),
    ],
)
def test_what_cannot_be_is_refused(text: str, problem: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse_augment(text)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", [*PRESETS, *OPERATIONS, ",".join(OPERATIONS), "crop=0,flip=0"])
def test_photos_keep_their_kind_and_get_their_size(text: str) -> None:
    for photo in drawn(text, 12):
        assert (photo.shape, photo.dtype) == ((3, SIDE, SIDE), torch.uint8)


@pytest.mark.parametrize("text", [name for name in (*PRESETS, *OPERATIONS) if name != "none"])
def test_each_draws_anew_and_the_seed_decides(text: str) -> None:
    first, again = drawn(text), drawn(text)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    different = {photo.numpy().tobytes() for photo in first}
    # A chance has two outcomes, the others as many as there are draws.
    assert len(different) == 2 if text in ("flip", "gray") else len(different) > 8


def test_without_operations_the_centre_is_left_as_it_is() -> None:
    assert all(torch.equal(photo, centre(picture())) for photo in drawn("", 3))


def test_a_flip_is_a_mirror_image_and_its_chance_holds() -> None:
    photos = drawn("flip=0.25", 400)
    mirrored = [torch.equal(photo, centre(picture()).flip(2)) for photo in photos]
    assert all(torch.equal(p, centre(picture())) for p, m in zip(photos, mirrored, strict=True) if not m)
    assert sum(mirrored) / 400 == pytest.approx(0.25, abs=0.07)


def test_standard_leaves_the_colours_of_a_garment_alone() -> None:
    """A crop and a mirror image: a colour that the photo has not would be another garment's."""
    stripes = torch.zeros(3, ROOM, ROOM, dtype=torch.uint8)
    stripes[:] = torch.tensor([180, 40, 90], dtype=torch.uint8).view(3, 1, 1)
    for photo in drawn("standard", given=stripes):
        assert torch.equal(photo, stripes[:, :SIDE, :SIDE])
    lightness = drawn("jitter=0.25", given=stripes)
    assert len({photo.numpy().tobytes() for photo in lightness}) > 20


def test_a_crop_keeps_the_part_that_it_says() -> None:
    """Photos of a ramp say how wide the crop was that they come from."""
    photo = (torch.arange(ROOM) * 4).to(torch.uint8).expand(3, ROOM, ROOM)
    widths = [(p[0, 0, -1].float() - p[0, 0, 0].float()) / (ROOM * 4) for p in drawn("crop=0.5", 200, given=photo)]
    narrowest = (0.5 * 0.8) ** 0.5
    assert narrowest - 0.1 < min(widths) < narrowest + 0.1
    assert max(widths) > 0.85


def test_a_rotation_fills_its_corners_with_white() -> None:
    dark = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)
    found = torch.stack(drawn("rotate=45", given=dark))
    assert found.max() == 255
    assert (found[:, :, SIDE // 2, SIDE // 2] == 0).all(), "it turns about the centre"


def test_an_erased_part_is_white_and_small() -> None:
    dark = torch.zeros(3, ROOM, ROOM, dtype=torch.uint8)
    found = torch.stack(drawn("erase=1", given=dark))
    parts = (found[:, 0] == 255).float().mean((1, 2))
    assert set(found.unique().tolist()) == {0, 255}
    assert parts.min() > 0.01
    assert parts.max() < 0.2


def test_grey_has_no_colour() -> None:
    for photo in drawn("gray=1", 3):
        assert torch.equal(photo[0], photo[1])
        assert torch.equal(photo[0], photo[2])
