"""Photos in a report: upright, not stretched, over white, or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fashion_match.core.report.photo import thumbnail


def test_a_photo_keeps_its_shape_and_is_never_enlarged(photo: Path) -> None:
    assert thumbnail(photo, 150).size == (150, 50)
    assert thumbnail(photo, 1000).size == (300, 100)


def test_exif_orientation_is_honoured(tmp_path: Path, photo: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    file = tmp_path / "turned.jpg"
    Image.open(photo).save(file, exif=exif, quality=95)
    upright = thumbnail(file, 300)
    assert upright.size == (100, 300)
    assert upright.getpixel((50, 20))[0] > 200, "the left half comes to the top"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F", "YCbCr"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    picture = Image.new("L", (8, 8), 128).convert("RGBA").convert("RGB")
    picture = Image.new("I;16", (8, 8), 128 * 256) if mode == "I;16" else picture.convert(mode)
    small = thumbnail(picture, 8)
    assert small.mode == "RGB"
    if mode != "1":
        assert all(abs(channel - 128) <= 26 for channel in small.getpixel((4, 4)))


def test_what_is_transparent_is_white() -> None:
    assert thumbnail(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), 8).getpixel((4, 4)) == (255, 255, 255)


def test_a_photo_that_cannot_be_shown_says_why(tmp_path: Path, photo: Path) -> None:
    liar, cut = tmp_path / "liar.jpg", tmp_path / "cut.jpg"
    liar.write_text("not a picture")
    Image.effect_noise((400, 400), 90).convert("RGB").save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    assert thumbnail(None, 8) == "no photo"
    assert thumbnail(tmp_path / "gone.jpg", 8) == "photo is gone"
    assert thumbnail(liar, 8) == "unreadable photo"
    assert thumbnail(cut, 8) == "unreadable photo"
    assert thumbnail(tmp_path, 8) == "unreadable photo"
