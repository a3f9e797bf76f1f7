"""The page: whole in itself, safe with any text, readable by everyone."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fashion_match import Hit, UsageError
from fashion_match.core.report.page import html_page

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements with their attributes and text; complains about tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.text.setdefault(self.open[-1], []).append(data.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(tmp_path: Path, hits: list[Hit], **arguments: object) -> Page:
    out = tmp_path / "page.html"
    html_page(hits, **{"query": None, "heading": "Blue things", "out": out, **arguments})
    return Page(out.read_text("utf-8"))


def needs_nothing_else(made: Page, html: str) -> None:
    """Complain where a page would run or load anything, or show a picture that says nothing to those who do not see."""
    assert not re.search(r"https?:|file:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]+", "", html))
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in made.elements}
    for tag, attributes in made.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
    assert all(re.match(r"data:image/(jpeg|png);base64,", image["src"]) for image in made.all("img"))
    assert all(image["alt"] for image in made.all("img"))
    assert any("default-src 'none'" in meta.get("content", "") for meta in made.all("meta"))


def test_it_needs_nothing_else(tmp_path: Path, photo: Path, hits: list[Hit]) -> None:
    made = page(tmp_path, hits, query=photo, filters=["color=Blue"])
    needs_nothing_else(made, (tmp_path / "page.html").read_text("utf-8"))


def test_pictures_are_inside_in_their_own_shape(tmp_path: Path, hits: list[Hit]) -> None:
    (image,) = page(tmp_path, hits).all("img")
    inside = Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
    assert inside.size == (300, 100) == (int(image["width"]), int(image["height"]))


def test_landmarks_and_words_for_everyone(tmp_path: Path, photo: Path, hits: list[Hit]) -> None:
    made = page(tmp_path, hits, query=photo)
    for landmark in ("header", "main", "h1", "title"):
        assert len(made.all(landmark)) == 1
    assert made.all("html") == [{"lang": "en"}]
    assert len(made.all("ol")) == 1
    assert len(made.all("figure")) == len(made.all("figcaption")) == len(hits) + 1
    assert all(image["alt"] for image in made.all("img"))
    assert [image["alt"] for image in made.all("img")][1] == "Pool <b>tee</b>"
    labelled = [a["aria-label"] for a in made.all("div") if a.get("role") == "img"]
    assert labelled == ["Blue T-shirt, Summer: photo is gone", "item third: no photo"]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in made.all("meta")


def test_it_says_what_was_asked_and_what_was_found(tmp_path: Path, hits: list[Hit]) -> None:
    made = page(tmp_path, hits, filters=["color=Blue", "price<50"], command="fm query --color Blue --where 'price<50'")
    assert made.text["h1"] == ["Blue things"]
    assert {"color=Blue", "price<50", "color: Blue"} <= set(made.text["li"])
    assert made.text["code"] == ["fm query --color Blue --where 'price<50'"]
    assert made.text["h2"] == ["Pool <b>tee</b>", "Blue T-shirt", "third"]
    assert {"0.910", "0.500 · 87% same", "-0.250", "3 hits"} <= set(made.text["p"])
    assert "T-shirt · Blue · Summer · 19.5" in made.text["p"]
    widths = [element["style"] for element in made.all("i")]
    assert widths == ["width:91.0%", "width:50.0%", "width:0.0%"]


def test_no_hits_says_so(tmp_path: Path) -> None:
    made = page(tmp_path, [])
    assert "Nothing matches." in made.text["p"]
    assert made.all("ol") == []


NASTY = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' &amp; {{x}} ]]> -->"


def test_nothing_that_a_catalogue_says_becomes_markup(tmp_path: Path) -> None:
    hit = Hit(id=NASTY, score=0.5, image=Path(NASTY), attributes={"name": NASTY, "x>y": NASTY}, why=(NASTY,))
    made = page(tmp_path, [hit], heading=NASTY, filters=[NASTY], command=NASTY, query=Path(NASTY))
    assert made.all("script") == []
    assert made.all("img") == []
    assert made.text["h1"] == made.text["h2"] == [NASTY]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=50), value=st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=3))
def test_any_text_keeps_the_page_whole(tmp_path: Path, text: str, value: list[str]) -> None:
    hit = Hit(id=text, score=0, image=None, attributes={"category": text, "color": value}, why=(text,))
    made = page(tmp_path, [hit], heading=text, command=text)
    assert len(made.all("figure")) == 1


def contrast_of(styles: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, float]]:
    """Yield text, ground and their contrast, in the light and in the dark scheme."""
    folder = Path(html_page.__code__.co_filename).parent
    schemes = [re.findall(r":root \{(.*?)\}", (folder / style).read_text("utf-8"), re.DOTALL) for style in styles]

    def luminance(color: str) -> float:
        digits = color if len(color) == 6 else "".join(2 * digit for digit in color)
        channels = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for scheme in zip(*schemes, strict=True):
        colors = dict(re.findall(r"--([a-z-]+): #([0-9a-f]+);", " ".join(scheme)))
        for text, ground in pairs:
            low, high = sorted((luminance(colors[text]), luminance(colors[ground])))
            yield text, ground, (high + 0.05) / (low + 0.05)


def test_text_on_its_ground_has_enough_contrast_in_both_schemes() -> None:
    texts = [("ink", "card"), ("ink", "paper"), ("muted", "card"), ("muted", "paper"), ("chip-ink", "chip")]
    found = list(contrast_of(["page.css"], texts))
    assert len(found) == 10
    for text, ground, contrast in found:
        assert contrast >= 4.5, (text, ground)


def test_a_name_that_is_no_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Let it end in \.htm or \.html"):
        html_page([], query=None, heading="h", out=tmp_path / "page.pdf")
