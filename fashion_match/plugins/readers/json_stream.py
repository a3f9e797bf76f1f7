"""Read the array of a JSON file one element at a time, however large it is; a defect costs only what follows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from fashion_match import ReaderError
from fashion_match.plugins.readers.record import BadRecord, is_text

CHUNK_CHARS = 1 << 16
MAX_ELEMENT_CHARS = 1 << 24
"""A single element longer than this is refused: it is a string that nobody closed."""

_SPACE = re.compile(r"[ \t\r\n]+")
_MARGIN = 16
"""An error this near to the end of what was read may only mean that the rest is missing, such as half a number."""


class _Malformed(Exception):
    """What is wrong with the text, at the place that was reached."""


class _Text:
    """The part of a file that is not consumed yet."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._decoder = json.JSONDecoder()

    @property
    def line(self) -> int:
        return self._line + self._text.count("\n", 0, self._at)

    def _more(self) -> bool:
        """Read on; return whether there was anything. What is consumed is let go of."""
        self._line = self.line
        rest = self._text[self._at :]
        chunk = self._file.read(max(CHUNK_CHARS, len(rest)))
        self._text, self._at, self._ended = rest + chunk, 0, not chunk
        return not self._ended

    def peek(self) -> str:
        """Return the next character that is no space, or the empty string at the end."""
        while True:
            if space := _SPACE.match(self._text, self._at):
                self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """Consume the next character, which must be one of ``expected``."""
        found = self.peek()
        if not found or found not in expected:
            shown = repr(found) if found else "the end of the file"
            raise _Malformed(f"expected {' or '.join(map(repr, expected))}, found {shown}")
        self._at += 1
        return found

    def value(self) -> Any:
        """Consume the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _MARGIN
                if unfinished and not self._ended and len(self._text) - self._at < MAX_ELEMENT_CHARS:
                    self._more()
                    continue
                raise _Malformed(error.msg.lower()) from None
            except RecursionError:
                raise _Malformed("nested too deeply") from None
            if end >= len(self._text) - _MARGIN and not self._ended:
                self._more()  # a number may go on
                continue
            raw, self._at = self._text[self._at : end], end
            if not is_text(raw):
                return BadRecord("is not UTF-8 text, or contains NUL characters")
            return value


def stream_array(path: str, key: str) -> Iterator[tuple[str, Any]]:
    """Yield where each element stands and the element, of a file that is an array, or an object with one under ``key``.

    Where the text is no JSON, a `BadRecord` is yielded and reading ends.

    Raises:
        ReaderError: the file cannot be read, or has no such array.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            text = _Text(file)
            try:
                if text.peek() == "{":
                    yield from _in_object(path, key, text)
                elif text.peek() == "[":
                    yield from _elements(text)
                else:
                    raise ReaderError(f"{path} is neither a JSON array nor an object.")
                if text.peek():
                    raise _Malformed(f"expected the end of the file, found {text.peek()!r}")
            except _Malformed as error:
                yield f"line {text.line}", BadRecord(f"is not JSON: {error}; what follows is not read")
    except OSError as error:
        raise ReaderError(f"{path} cannot be read: {error.strerror}.") from None


def _in_object(path: str, key: str, text: _Text) -> Iterator[tuple[str, Any]]:
    found = False
    text.take("{")
    if text.peek() == "}":
        text.take("}")
    else:
        while True:
            if text.peek() != '"':
                text.take('"')
            name = text.value()
            text.take(":")
            if name == key and text.peek() == "[":
                found = True
                yield from _elements(text)
            else:
                text.value()
            if text.take(",}") == "}":
                break
    if not found:
        raise ReaderError(f"{path} has no array called {key!r}.")


def _elements(text: _Text) -> Iterator[tuple[str, Any]]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        text.peek()
        at = f"line {text.line}"
        yield at, text.value()
        if text.take(",]") == "]":
            return
