"""Reading an array element by element gives what reading it at once gives."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashion_match import ReaderError
from fashion_match.plugins.readers import json_stream
from fashion_match.plugins.readers.json_stream import stream_array
from fashion_match.plugins.readers.record import BadRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=st.lists(JSON, max_size=6),
    before=st.dictionaries(TEXT.filter(lambda key: key != "items"), JSON, max_size=2),
    indent=st.sampled_from([None, 0, 3]),
    ascii=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_same_as_reading_it_at_once(tmp_path, monkeypatch, array, before, indent, ascii, chunk):
    path = tmp_path / "x.json"
    monkeypatch.setattr(json_stream, "CHUNK_CHARS", chunk)
    for document in (array, {**before, "items": array, "after": [1, {"items": 2}]}):
        path.write_text(json.dumps(document, indent=indent, ensure_ascii=ascii), encoding="utf-8")
        assert [value for _, value in stream_array(str(path), "items")] == array


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n=st.integers(0, 8), cut=st.integers(1, 200), chunk=st.integers(1, 64))
def test_file_cut_off_anywhere_gives_what_came_before_and_one_defect(tmp_path, monkeypatch, n, cut, chunk):
    array = [{"id": i, "text": "x" * i, "list": [i, i / 7]} for i in range(n)]
    text = json.dumps({"items": array})
    path = tmp_path / "x.json"
    path.write_text(text[: max(len('{"items": ['), len(text) - cut)])
    monkeypatch.setattr(json_stream, "CHUNK_CHARS", chunk)
    *good, defect = (value for _, value in stream_array(str(path), "items"))
    assert good == array[: len(good)]
    assert isinstance(defect, BadRecord)


@pytest.mark.parametrize(
    ("text", "good", "line"),
    [
        ('[1,\n2,\n{"a": nope},\n4]', [1, 2], 3),
        ("[1,\n2 3]", [1], 2),
        ("[1, 2,]", [1, 2], 1),
        ("[1, 2]\n]", [1, 2], 2),
        ('{"items": [1, 2], "rest": }', [1, 2], 1),
        ("[1, " + "[" * 200_000, [1], 1),
    ],
)
def test_malformed_in_the_middle(tmp_path, text, good, line):
    path = tmp_path / "x.json"
    path.write_text(text)
    *before, (at, defect) = stream_array(str(path), "items")
    values = [value for _, value in before]
    assert values[: len(good)] == good
    assert at == f"line {line}"
    assert isinstance(defect, BadRecord)


def test_element_that_is_not_text_costs_itself_alone(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b'[{"a": "x"}, {"a": "\xff"}, {"a": "y"}]')
    values = [value for _, value in stream_array(str(path), "items")]
    assert (values[0], values[2]) == ({"a": "x"}, {"a": "y"})
    assert isinstance(values[1], BadRecord)


@pytest.mark.parametrize(
    ("text", "problem"), [("", "neither"), ("7", "neither"), ("{}", "no array"), ('{"items": 3}', "no array")]
)
def test_file_without_the_array_is_refused(tmp_path, text, problem):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ReaderError, match=problem):
        list(stream_array(str(path), "items"))


def test_array_is_not_held_in_memory(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"id": n, "text": "x" * 200} for n in range(8_000)]))
    tracemalloc.start()
    try:
        assert sum(1 for _ in stream_array(str(path), "items")) == 8_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 600_000  # the file has more than 1,600,000 bytes
