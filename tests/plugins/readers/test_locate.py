"""No written path leads out of the source, whatever it looks like."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashion_match import Reason
from fashion_match.plugins.readers.locate import PhotoFinder
from fashion_match.plugins.readers.record import BadRecord

PARTS = st.sampled_from(["..", ".", "", "a", "images", "a..b", "...", "C:", "x.jpg", "~", "\\", "\0", "é"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PARTS, min_size=1, max_size=6), slash=st.sampled_from(["/", "\\"]), absolute=st.booleans())
def test_path_stays_inside_or_is_refused(tmp_path, parts, slash, absolute):
    (tmp_path / "images").mkdir(exist_ok=True)
    written = ("/" if absolute else "") + slash.join(parts)
    if not written.strip():
        return
    try:
        found = PhotoFinder(str(tmp_path)).written(written)
    except BadRecord:
        return
    assert os.path.normpath(found).startswith(str(tmp_path))
    assert "\0" not in found


@pytest.mark.parametrize("written", ["../x.jpg", "a/../../x.jpg", "/etc/passwd", "..\\x.jpg", "C:\\x.jpg", "C:/x.jpg"])
def test_paths_that_lead_out_are_refused(tmp_path, written):
    with pytest.raises(BadRecord) as caught:
        PhotoFinder(str(tmp_path)).written(written)
    assert caught.value.reason is Reason.OUTSIDE_SOURCE


def test_harmless_paths_are_not_refused(tmp_path):
    finder = PhotoFinder(str(tmp_path))
    for written in (
        "x.jpg",
        "a/b.jpg",
        "a/../b.jpg",
        "a..b.jpg",
        "./x.jpg",
        "a\\b.jpg",
        f"{tmp_path}/x.jpg",
        "10:30.jpg",
    ):
        finder.written(written)


def test_first_photo_that_is_found_tells_the_folder(tmp_path):
    (tmp_path / "Photos").mkdir()
    (tmp_path / "Photos" / "2.jpg").write_bytes(b"x")
    finder = PhotoFinder(str(tmp_path))
    assert finder.written("1.jpg") == f"{tmp_path}/1.jpg"
    assert finder.written("2.jpg") == f"{tmp_path}/Photos/2.jpg"
    assert finder.written("3.jpg") == f"{tmp_path}/Photos/3.jpg"
