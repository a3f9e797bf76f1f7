"""What a photo looks like, how much two of them differ, and the search among many, against plain loops."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from fashion_match.core.evaluate import near_search
from fashion_match.core.evaluate.look import (
    FAINT,
    GREY,
    NEAR,
    NOISE,
    ROUGHLY,
    SIDE_PX,
    WINDOW_PX,
    _blur,
    difference,
    is_plain,
    make_look,
    traits,
)
from fashion_match.core.evaluate.near_search import COARSE, Near, find_near
from fashion_match.core.model.image import PhotoError


def draw(seed: int, size: tuple[int, int] = (240, 200)) -> Image.Image:
    """A picture of soft blots that no other seed draws."""
    blots = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    return Image.fromarray(blots).resize(size, Image.Resampling.BICUBIC)


def encode(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    whole = BytesIO()
    picture.save(whole, kind, **options)
    return whole.getvalue()


def look(picture: Image.Image, **options: Any) -> Any:
    return make_look(encode(picture, **options))


def differ(a: Any, b: Any) -> float:
    return float(difference(traits(a[None]), traits(b[None]))[0])


# A look


def test_a_look_is_upright_and_of_one_size_whatever_the_photo_is() -> None:
    lying = draw(1).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    stored, turned = look(lying, quality=95), look(lying, quality=95, exif=exif.tobytes())
    upright = look(draw(1), quality=95)
    assert stored.shape == turned.shape == (SIDE_PX, SIDE_PX, 3)
    assert stored.dtype == np.uint8
    assert differ(turned, upright) < 0.05
    assert differ(stored, upright) > NEAR


def test_a_box_is_looked_at_alone() -> None:
    sheet = Image.new("RGB", (500, 300), "white")
    sheet.paste(draw(1), (10, 20))
    sheet.paste(draw(2), (255, 20))
    boxed = make_look(encode(sheet, "PNG"), (255, 20, 495, 220))
    assert differ(boxed, look(draw(2))) < 0.1
    assert differ(boxed, look(draw(1))) > NEAR


def test_what_is_no_photo_has_no_look() -> None:
    with pytest.raises(PhotoError):
        make_look(b"no photo")
    with pytest.raises(PhotoError):
        make_look(encode(draw(1)), max_pixels=100)


def test_a_photo_of_one_colour_is_plain() -> None:
    assert is_plain(look(Image.new("RGB", (50, 50), (200, 200, 200))))
    assert not is_plain(look(draw(1)))


COPIES = {
    "jpeg 60": lambda p: p,
    "half the size": lambda p: p.resize((p.width // 2, p.height // 2), Image.Resampling.LANCZOS),
    "one and a half": lambda p: p.resize((p.width * 3 // 2, p.height * 3 // 2), Image.Resampling.BICUBIC),
    "another shape": lambda p: p.resize((p.width, p.height * 2 // 3), Image.Resampling.LANCZOS),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.05),
    "darker": lambda p: ImageEnhance.Brightness(p).enhance(0.95),
    "cropped": lambda p: p.crop((3, 1, p.width - 2, p.height - 4)),
    "mirrored": lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found_among_others(kind: str) -> None:
    others = np.stack([look(draw(seed)) for seed in range(40)])
    copies = np.stack([look(COPIES[kind](draw(seed)), quality=60) for seed in range(40)])
    found = find_near(copies, others)
    assert [(near.tested, near.other) for near in found] == [(n, n) for n in range(40)]


def test_other_photos_are_no_copies_and_those_turned_upside_down_are_others() -> None:
    looks = np.stack([look(draw(seed)) for seed in range(60)])
    assert find_near(looks, looks, own=range(60)) == []
    assert find_near(looks[:, ::-1], looks) == []


def test_the_same_garment_in_another_colour_or_with_another_print_is_another() -> None:
    def shirt(colour: Any, seed: int) -> Any:
        picture = Image.new("RGB", (224, 224), "white")
        picture.paste(colour, (60, 30, 164, 200))
        picture.paste(colour, (30, 30, 194, 80))
        picture.paste(draw(seed).resize((50, 50)), (87, 80))
        return look(picture, quality=90)

    black = shirt((20, 20, 20), 1)
    assert differ(shirt((20, 20, 20), 1), black) == 0
    assert differ(shirt((20, 20, 20), 2), black) > NEAR
    assert differ(shirt((20, 20, 120), 1), black) > NEAR
    assert differ(shirt((120, 20, 20), 1), black) > NEAR


def test_small_things_on_white_are_told_apart() -> None:
    looks = []
    for seed in range(12):
        picture = Image.new("RGB", (224, 224), "white")
        picture.paste(draw(seed).resize((30, 30)), (97, 97))
        looks.append(look(picture, quality=90))
    assert find_near(np.stack(looks), np.stack(looks), own=range(12)) == []


# The measure, against plain loops


def test_the_blur_is_the_mean_of_the_neighbours_with_the_edge_going_on() -> None:
    levels = np.random.default_rng(0).uniform(0, 255, (2, SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    found, half, last = _blur(levels), WINDOW_PX // 2, SIDE_PX - 1
    for y, x in [(0, 0), (0, 31), (1, 30), (15, 16), (31, 2)]:
        rows = [min(max(y + d, 0), last) for d in range(-half, half + 1)]
        columns = [min(max(x + d, 0), last) for d in range(-half, half + 1)]
        expected = np.mean([levels[:, r, c] for r in rows for c in columns], axis=0)
        assert np.allclose(found[:, y, x], expected, rtol=1e-4)


def test_traits_are_the_contrast_in_the_neighbourhood_and_the_colour() -> None:
    one = look(draw(1))
    levels = np.sqrt(one.astype(np.float64) * 255)
    half, last = WINDOW_PX // 2, SIDE_PX - 1
    expected = np.zeros((SIDE_PX, SIDE_PX, 6))
    for y in range(SIDE_PX):
        for x in range(SIDE_PX):
            rows = np.clip(np.arange(y - half, y + half + 1), 0, last)
            columns = np.clip(np.arange(x - half, x + half + 1), 0, last)
            around = levels[np.ix_(rows, columns)].reshape(-1, 3)
            spread = around.var(axis=0).mean()
            expected[y, x, :3] = (levels[y, x] - around.mean(axis=0)) / np.sqrt(spread + NOISE**2)
            colour = levels[y, x] - levels[y, x].mean()
            expected[y, x, 3:] = colour / np.sqrt((colour**2).sum() + GREY**2)
    expected /= np.sqrt((expected**2).sum() + FAINT)
    assert np.allclose(traits(one[None])[0], expected, atol=1e-5)
    assert np.square(expected[..., :3]).sum() > 0.1 < np.square(expected[..., 3:]).sum()


def least_squares(a: Any, b: Any) -> float:
    """The difference of two traits by numpy's own least squares, the ridge as rows of its own."""
    middle = (a + b).astype(np.float64) / 2
    tangents = np.zeros((4, *a.shape))
    for y in range(SIDE_PX):
        for x in range(SIDE_PX):
            place_x, place_y = -1 + 2 * x / (SIDE_PX - 1), -1 + 2 * y / (SIDE_PX - 1)
            if 0 < x < SIDE_PX - 1:
                tangents[0, y, x] = (middle[y, x + 1] - middle[y, x - 1]) / 2
                tangents[2, y, x] = tangents[0, y, x] * place_x
            if 0 < y < SIDE_PX - 1:
                tangents[1, y, x] = (middle[y + 1, x] - middle[y - 1, x]) / 2
                tangents[3, y, x] = tangents[1, y, x] * place_y
    columns = tangents.reshape(4, -1).T
    wanted = (b - a).astype(np.float64).reshape(-1)
    ridge = np.sqrt(1e-3) * np.eye(4)
    moved, *_ = np.linalg.lstsq(np.concatenate([columns, ridge]), np.concatenate([wanted, np.zeros(4)]), rcond=None)
    return float(np.linalg.norm(wanted - columns @ moved))


def test_the_difference_is_what_least_squares_leave() -> None:
    looks = [look(draw(1)), look(draw(1).crop((4, 2, 236, 197))), look(draw(2)), look(draw(3))]
    found = [traits(one[None])[0] for one in looks]
    for a in found:
        for b in found:
            assert float(difference(a[None], b[None])[0]) == pytest.approx(least_squares(a, b), abs=1e-4)


def test_a_crop_differs_less_after_the_shift() -> None:
    a, b = (traits(one[None]) for one in (look(draw(1)), look(draw(1).crop((6, 0, 240, 200)))))
    assert float(difference(a, b)[0]) < 0.5 * float(np.linalg.norm(a - b))


# The search, against plain loops


def some_looks(rng: np.random.Generator, n: int, bases: Any) -> Any:
    """Noisy, shifted or mirrored versions of a few looks: differences of all sizes."""
    picked = bases[rng.integers(0, len(bases), n)].astype(np.float32)
    noise = rng.normal(0, 1, picked.shape) * rng.uniform(0, 14, (n, 1, 1, 1))
    looks = np.clip(picked + noise, 0, 255).astype(np.uint8)
    mirrored = rng.random(n) < 0.3
    looks[mirrored] = looks[mirrored][:, :, ::-1]
    return looks


def by_loops(tested: Any, others: Any, own: list[int] | None, coarse: float) -> list[tuple[int, int, float]]:
    def known(looks: Any) -> list[tuple[Any, Any]]:
        return [(near_search._means(one[None])[0], traits(one[None])) for one in np.ascontiguousarray(looks)]

    there, found = known(others), []
    for n, views in enumerate(zip(known(tested), known(tested[:, :, ::-1]), strict=True)):
        best: tuple[float, int] | None = None
        for m, (means, b) in enumerate(there):
            if own is not None and own[n] == m:
                continue
            for seen, a in views:
                if np.linalg.norm(seen - means) <= coarse and np.linalg.norm(a - b) <= ROUGHLY:
                    value = float(difference(a, b)[0])
                    if best is None or value < best[0] - 1e-6:
                        best = (value, m)
        if best is not None and best[0] <= NEAR:
            found.append((n, best[1], best[0]))
    return found


def agree(found: list[Near], expected: list[tuple[int, int, float]]) -> bool:
    return [near[:2] for near in found] == [row[:2] for row in expected] and np.allclose(
        [near.difference for near in found], [row[2] for row in expected], atol=1e-4
    )


BASES = np.stack([look(draw(seed)) for seed in range(4)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("coarse", [COARSE, 9.0])
def test_the_search_finds_what_loops_find_across_chunks(
    seed: int, coarse: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    tested, others = some_looks(rng, 23, BASES), some_looks(rng, 31, BASES)
    monkeypatch.setattr(near_search, "TESTED_CHUNK", 5)
    monkeypatch.setattr(near_search, "OTHER_CHUNK", 7)
    monkeypatch.setattr(near_search, "PAIR_CHUNK", 3)
    told: list[int] = []
    expected = by_loops(tested, others, None, coarse)
    assert 5 < len(expected) < 23
    assert agree(find_near(tested, others, coarse=coarse, on_progress=told.append), expected)
    assert told == [5, 10, 15, 20, 23]
    own = list(range(23))
    assert agree(find_near(tested, tested, own=own, coarse=coarse), by_loops(tested, tested, own, coarse))


def test_chunks_of_the_usual_size_have_no_seams() -> None:
    looks = np.random.default_rng(0).integers(0, 256, (4200, SIDE_PX, SIDE_PX, 3), np.uint8)
    copies = {1023: 4095, 1024: 4096, 0: 4199, 1100: 0}
    tested = np.random.default_rng(1).integers(0, 256, (1101, SIDE_PX, SIDE_PX, 3), np.uint8)
    for n, m in copies.items():
        tested[n] = looks[m] if n % 2 else looks[m][:, ::-1]
    assert [near[:2] for near in find_near(tested, looks)] == sorted(copies.items())


def test_of_equally_near_ones_it_is_the_first_and_never_itself() -> None:
    looks = np.stack([BASES[0], BASES[1], BASES[1], BASES[0], BASES[1]])
    assert [near[:2] for near in find_near(BASES[:2], looks)] == [(0, 0), (1, 1)]
    assert [near[:2] for near in find_near(looks, looks, own=range(5))] == [(0, 3), (1, 2), (2, 1), (3, 0), (4, 1)]


def test_a_threshold_takes_what_is_on_it() -> None:
    tested, others = BASES[:1], look(draw(0), quality=20)[None]
    (near,) = find_near(tested, others)
    assert near.difference > 0
    assert find_near(tested, others, near=near.difference) == [near]
    assert find_near(tested, others, near=np.nextafter(near.difference, 0)) == []


def test_means_that_are_too_far_apart_are_dismissed() -> None:
    tested, others = BASES[:1], look(draw(0), quality=10)[None]
    apart = float(np.linalg.norm(near_search._means(tested) - near_search._means(others)))
    assert len(find_near(tested, others, coarse=apart * 1.01)) == 1
    assert find_near(tested, others, coarse=apart * 0.99) == []


def test_traits_that_are_too_far_apart_are_not_fitted_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tested, others = BASES[:1], look(draw(0).crop((5, 3, 240, 200)))[None]
    apart = float(np.linalg.norm(traits(tested) - traits(others)))
    assert NEAR < apart < ROUGHLY
    assert len(find_near(tested, others)) == 1
    monkeypatch.setattr(near_search, "ROUGHLY", apart * 1.01)
    assert len(find_near(tested, others)) == 1
    monkeypatch.setattr(near_search, "ROUGHLY", apart * 0.99)
    assert find_near(tested, others) == []


def test_nothing_is_found_in_nothing() -> None:
    none = np.empty((0, SIDE_PX, SIDE_PX, 3), np.uint8)
    assert find_near(none, BASES) == find_near(BASES, none) == find_near(none, none) == []


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), gain=st.floats(0.8, 1.0))
def test_means_differ_by_no_more_than_pixels_and_brightness_does_not_count(seed: int, gain: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, 1, SIDE_PX, SIDE_PX, 3), np.uint8)

    def pixels(looks: Any) -> Any:
        levels = looks.astype(np.float64) - looks.mean()
        return levels / np.sqrt((np.square(levels).mean() + near_search.NOISE**2) * levels.size)

    apart = np.linalg.norm(near_search._means(a) - near_search._means(b))
    assert apart <= np.linalg.norm(pixels(a) - pixels(b)) + 1e-5
    a, b = (np.repeat(np.repeat(looks[:, ::4, ::4], 4, 1), 4, 2) for looks in (a, b))  # they are their own means
    apart = np.linalg.norm(near_search._means(a) - near_search._means(b))
    assert apart == pytest.approx(np.linalg.norm(pixels(a) - pixels(b)), rel=1e-3)
    darker = (a * gain).astype(np.uint8)
    assert np.linalg.norm(near_search._means(a) - near_search._means(darker)) < 0.02
