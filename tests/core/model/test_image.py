from __future__ import annotations

import os
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from fashion_match import Reason
from fashion_match.core.model.image import PhotoError, decode, read_photo

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def drawn(width: int = 90, height: int = 60) -> Image.Image:
    """Red above blue, with a yellow corner on the top left: every turn of it looks different."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height // 2, width, height), fill=(30, 30, 200))
    draw.rectangle((0, 0, width // 3, height // 3), fill=(240, 220, 40))
    return picture


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def close(found: Image.Image, expected: Image.Image, tolerance: float = 6) -> bool:
    if found.size != expected.size or found.mode != "RGB":
        return False
    difference = np.asarray(found, float) - np.asarray(expected.convert("RGB"), float)
    return float(np.abs(difference).mean()) < tolerance


def refusal(data: bytes, **options: object) -> Reason:
    with pytest.raises(PhotoError) as refused:
        decode(data, **options)  # type: ignore[arg-type]
    assert "\n" not in refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_read(format: str) -> None:
    assert close(decode(encoded(drawn(), format)), drawn())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_comes_upright(format: str, orientation: int) -> None:
    # How each orientation is stored, undone by hand with rows and columns.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](np.asarray(drawn()))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), format, exif=exif)
    assert close(decode(data), drawn())


def test_the_box_is_in_pixels_of_the_upright_photo() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(drawn().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    assert close(decode(data, (0, 0, 30, 20)), drawn().crop((0, 0, 30, 20)))
    assert close(decode(data, (60, 40, 900, 900)), drawn().crop((60, 40, 90, 60)))
    assert decode(data, (1.6, 1.6, 3.2, 3.2)).size == (3, 3)


@pytest.mark.parametrize(
    "box", [(10, 10, 10, 20), (20, 10, 10, 20), (200, 0, 300, 10), (-9, -9, 0, 0), (float("nan"),) * 4]
)
def test_a_box_without_photo_is_refused(box: tuple[float, float, float, float]) -> None:
    assert refusal(encoded(drawn(), "PNG"), box=box) is Reason.BAD_BOX


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_transparency_lies_over_white(format: str) -> None:
    picture = drawn().convert("RGBA")
    picture.putalpha(Image.fromarray(np.full((60, 90), 128, np.uint8)))
    expected = Image.fromarray((np.asarray(drawn(), float) * 128 / 255 + 127).astype(np.uint8))
    assert close(decode(encoded(picture, format)), expected)


def test_transparent_colours_of_palettes_and_grey_lie_over_white() -> None:
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.paste(1, (0, 0, 4, 8))
    for format in ("GIF", "PNG"):
        found = np.asarray(decode(encoded(palette, format, transparency=0)))
        assert tuple(found[0, 0]) == (255, 0, 0)
        assert tuple(found[0, 7]) == (255, 255, 255)
    grey = Image.new("L", (8, 8), 40)
    assert tuple(np.asarray(decode(encoded(grey, "PNG", transparency=40)))[0, 0]) == (255, 255, 255)
    both = Image.new("LA", (8, 8), (40, 0))
    assert tuple(np.asarray(decode(encoded(both, "PNG")))[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "format"),
    [("L", "JPEG"), ("CMYK", "JPEG"), ("YCbCr", "JPEG"), ("1", "PNG"), ("P", "PNG"), ("CMYK", "TIFF")],
)
def test_other_colours_are_converted(mode: str, format: str) -> None:
    stored = drawn().convert(mode)
    assert close(decode(encoded(stored, format)), stored.convert("RGB"))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bits_are_scaled_not_clipped(format: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    found = np.asarray(decode(encoded(Image.fromarray(ramp), format)), int)
    assert np.abs(found - (ramp / 257).round().astype(int)[..., None]).max() <= 1


@pytest.mark.parametrize("top", [1.0, 255.0, 9000.0])
def test_floating_point_grey_is_scaled(top: float) -> None:
    ramp = np.linspace(0, top, 256, dtype=np.float32).reshape(16, 16)
    found = np.asarray(decode(encoded(Image.fromarray(ramp), "TIFF")), int)
    assert (found[0, 0, 0], found[15, 15, 0]) == (0, 255 if top != 9000 else 255 * 9000 // 65535)


def test_the_first_frame_of_an_animation() -> None:
    other = Image.new("RGB", (90, 60), "green")
    for format in ("GIF", "WEBP", "PNG", "AVIF", "TIFF"):
        data = encoded(drawn(), format, save_all=True, append_images=[other])
        assert close(decode(data), drawn(), 8), format


@pytest.mark.parametrize("format", FORMATS)
def test_too_many_pixels_are_refused_before_decoding(format: str) -> None:
    data = encoded(drawn(), format)
    assert refusal(data, max_pixels=90 * 60 - 1) is Reason.TOO_LARGE
    assert decode(data, max_pixels=90 * 60).size == (90, 60)


def test_a_bomb_is_refused_by_its_header_alone_and_silently() -> None:
    bomb = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert refusal(bytes(bomb)) is Reason.TOO_LARGE


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kept", [0.15, 0.5, 0.9])
def test_a_truncated_file_is_noticed(format: str, kept: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    data = encoded(noise, format)
    assert refusal(data[: int(len(data) * kept)]) is Reason.TRUNCATED


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_jpeg_that_lacks_anything_but_its_last_marker_is_noticed(options: dict[str, bool]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    data = encoded(noise, "JPEG", **options)
    for length in range(len(data) // 2, len(data) - 2):
        assert refusal(data[:length]) is Reason.TRUNCATED, length


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_bytes_give_a_picture_or_a_reason_and_nothing_else(format: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(drawn(24, 16), format))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    outcome: str
    try:
        outcome = decode(bytes(whole), max_pixels=1_000_000).mode
    except PhotoError as refused:
        outcome = refused.reason
    assert outcome in ("RGB", Reason.NOT_AN_IMAGE, Reason.TRUNCATED, Reason.TOO_LARGE)


@pytest.mark.parametrize(
    "data", [b"", b"<html>no</html>", b"just text", b"%PDF-1.7", b"\x80\x04\x95pickle", bytes(100)]
)
def test_what_only_pretends_to_be_a_photo(data: bytes, tmp_path: Path) -> None:
    assert refusal(data) is Reason.NOT_AN_IMAGE
    (tmp_path / "a.jpg").write_bytes(data)
    assert reading(tmp_path / "a.jpg") is Reason.NOT_AN_IMAGE


def reading(path: Path, **options: int) -> Reason:
    with pytest.raises(PhotoError) as refused:
        read_photo(path, **options)
    # The file is named beside the detail, in a Failure and in the message of a query.
    assert refused.value.detail
    assert path.name not in refused.value.detail
    return refused.value.reason


def test_what_cannot_be_read_says_why_and_never_blocks(tmp_path: Path) -> None:
    assert reading(tmp_path / "none.jpg") is Reason.MISSING_FILE
    assert reading(tmp_path / ("x" * 300 + ".jpg")) is Reason.MISSING_FILE
    assert reading(tmp_path / "zero\0byte.jpg") is Reason.MISSING_FILE
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "gone.jpg")
    assert reading(tmp_path / "dangling.jpg") is Reason.MISSING_FILE
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert reading(tmp_path / "a.jpg") is Reason.LINK_LOOP
    assert reading(tmp_path) is Reason.UNREADABLE
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reading(tmp_path / "pipe.jpg") is Reason.UNREADABLE
    assert reading(Path("/dev/zero")) is Reason.UNREADABLE


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(drawn(), "JPEG"))
    (tmp_path / "a.jpg").chmod(0)
    assert reading(tmp_path / "a.jpg") is Reason.UNREADABLE


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    path.write_bytes(encoded(drawn(), "JPEG"))
    os.truncate(path, 50_000_000_000)  # a hole: it takes no room
    assert reading(path, max_pixels=1000) is Reason.TOO_LARGE


def test_content_tells_bytes_and_boxes_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(drawn(), "PNG"))
    photo = read_photo(path)
    assert photo.stat == (path.stat().st_size, path.stat().st_mtime_ns)
    assert photo.data == path.read_bytes()
    contents = {photo.content(box) for box in (None, (0, 0, 9, 9), (0.0, 0.0, 9.0, 9.0), (0, 0, 9, 8))}
    assert len(contents) == 3
    path.write_bytes(encoded(drawn(91), "PNG"))
    assert read_photo(path).content(None) not in contents
