"""What counts as a photo that was sent."""

from __future__ import annotations

from hashlib import sha256

import pytest

from fashion_match.core.collect.photo_check import check_content_type, check_photo
from fashion_match.core.web.error import FetchError
from fashion_match.core.web.reason import CollectReason
from tests.web_site import photo


@pytest.mark.parametrize(
    ("kind", "extension"),
    [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", ".gif"), ("BMP", ".bmp"), ("TIFF", ".tiff")],
)
def test_photos(kind, extension):
    data = photo(3, kind)
    found = check_photo(data, max_pixels=100_000, min_px=64)
    assert (found.extension, found.width, found.height) == (extension, 96, 128)
    assert (found.data, found.sha256) == (data, sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", CollectReason.NOT_AN_IMAGE),
        (b"<html><body>403</body></html>", CollectReason.NOT_AN_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", CollectReason.NOT_AN_IMAGE),
        (b"MZ\x90\0" * 100, CollectReason.NOT_AN_IMAGE),
        (photo()[:500], CollectReason.TRUNCATED),
        (photo(kind="PNG")[:-100], CollectReason.TRUNCATED),
        (b"\xff\xd8\xff" + b"\0" * 300, CollectReason.TRUNCATED),
        (photo(size=(400, 300)), CollectReason.TOO_LARGE),
        (photo(size=(200, 63)), CollectReason.TOO_SMALL),
    ],
)
def test_others(data, reason):
    with pytest.raises(FetchError) as refused:
        check_photo(data, max_pixels=100_000, min_px=64)
    assert refused.value.reason == reason
    assert not refused.value.retry


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/anything", "", "application/octet-stream"])
def test_types_that_may_be_photos(content_type):
    check_content_type(content_type)


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/plain", "video/mp4"])
def test_types_that_are_none(content_type):
    with pytest.raises(FetchError, match=content_type):
        check_content_type(content_type)
