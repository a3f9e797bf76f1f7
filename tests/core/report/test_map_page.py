"""Maps: looks of values and numbers, the picture, and the page with its script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import UsageError
from fashion_match.core.report.document import document
from fashion_match.core.report.map_page import map_page
from fashion_match.core.report.map_plot import map_picture
from fashion_match.core.report.map_point import (
    N_NAMED,
    CollectionMap,
    MapPoint,
    looks_of_numbers,
    looks_of_values,
)
from tests.core.report.test_page import NASTY, Page


def make_map(photo: Path | None, *, text: str = "x", numbers: bool = False, n: int = 6) -> CollectionMap:
    scale = None
    if numbers:
        numbered, looks, scale = looks_of_numbers([None, *range(n - 1)])
    else:
        numbered, looks = looks_of_values([f"{text}{k % 3}" if k else None for k in range(n)])
    points = tuple(
        MapPoint(k / n, k % 2 / 2, f"{text}{k}", f"{text} title {k}", f"{text}{k % 3}", look, photo if k != 2 else None)
        for k, look in enumerate(numbered)
    )
    return CollectionMap(f"{text} map", f"{text} attribute", points, looks, scale, (f"{text} note",))


def page(tmp_path: Path, shown: CollectionMap) -> tuple[Page, str]:
    map_page(shown, out=tmp_path / "map.html")
    html = (tmp_path / "map.html").read_text("utf-8")
    return Page(html), html


def test_the_most_frequent_values_have_looks_of_their_own() -> None:
    values = [f"v{n:02d}" for n in range(20) for _ in range(30 - n)] + [None, None]
    numbers, looks = looks_of_values(values)
    assert [look.name for look in looks] == [*(f"v{n:02d}" for n in range(N_NAMED)), "other (5 values)", "none"]
    assert len({(look.color, look.shape) for look in looks}) == len(looks)
    assert [look.n for look in looks] == [numbers.count(n) for n in range(len(looks))]
    assert [looks[number].name for number in numbers[:30]] == ["v00"] * 30
    assert sum(look.n for look in looks) == len(values)


def test_sixteen_values_need_no_other() -> None:
    _, looks = looks_of_values([f"v{n}" for n in range(16)])
    assert [look.name for look in looks] == sorted(f"v{n}" for n in range(16))
    assert len({(look.color, look.shape) for look in looks}) == 16


def test_a_list_counts_as_its_first_value_and_colours_look_like_themselves() -> None:
    numbers, looks = looks_of_values([["Navy Blue", "Red"], "White", "Nocturne"], are_colors=True)
    by_name = {look.name: look for look in looks}
    assert set(by_name) == {"Navy Blue", "White", "Nocturne"}
    assert by_name["White"].color == "#ffffff"
    assert by_name["White"].edge != "#ffffff", "white on white paper"
    red, green, blue = (int(by_name["Navy Blue"].color[n : n + 2], 16) for n in (1, 3, 5))
    assert blue > max(red, green)
    assert looks[numbers[0]].name == "Navy Blue"


def test_numbers_run_along_a_scale() -> None:
    numbers, looks, scale = looks_of_numbers([5, None, 10.0, 7.5, float("nan")])
    assert scale is not None
    assert (scale.low, scale.high) == (5, 10)
    assert numbers[0] == 0
    assert numbers[2] == len(scale.colors) - 1
    assert numbers[3] == pytest.approx(len(scale.colors) / 2, abs=1)
    assert looks[numbers[1]].name == looks[numbers[4]].name == "none"
    assert looks[-1].n == 2
    assert looks_of_numbers([3, 3])[0] == [0, 0]
    assert looks_of_numbers([None])[2] is None


@pytest.mark.parametrize("numbers", [False, True])
def test_the_page_is_whole_in_itself(tmp_path: Path, photo: Path, numbers: bool) -> None:
    made, html = page(tmp_path, make_map(photo, numbers=numbers))
    outside = re.sub(r"base64,[^\"]+", "", html)
    assert not re.search(r"https?:|file:|//[a-z]|@import|url\(|fetch|XMLHttp|import\(", outside)
    assert not {"link", "iframe", "object", "embed", "base"} & {tag for tag, _ in made.elements}
    for tag, attributes in made.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
    points = [use for use in made.all("use") if use.get("class") == "point"]
    assert len(points) == 6
    assert all(re.fullmatch(r"#(circle|square|triangle)", use["href"]) for use in points)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    items = json.loads(data)
    assert [item["id"] for item in items] == [f"x{n}" for n in range(6)]
    assert items[2]["photo"] is None
    assert all(item["photo"].startswith("data:image/jpeg;base64,") for n, item in enumerate(items) if n != 2)


def test_the_browser_runs_our_script_and_no_other(tmp_path: Path, photo: Path) -> None:
    made, html = page(tmp_path, make_map(photo))
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    assert len(made.all("script")) == 2
    (policy,) = [meta["content"] for meta in made.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert "script-src" not in document("t", []).decode(), "other pages run nothing"


def test_it_speaks_to_those_who_do_not_see_or_point(tmp_path: Path, photo: Path) -> None:
    made, _ = page(tmp_path, make_map(photo))
    (svg,) = [one for one in made.all("svg") if one.get("role") == "img"]
    assert svg["aria-label"] == "x map. 6 points; x attribute: x1 2, x2 2, x0 1, none 1"
    (plot,) = [one for one in made.all("div") if one.get("id") == "plot"]
    assert plot["tabindex"] == "0"
    assert plot["aria-describedby"] == "how"
    assert "arrow keys" in plot["aria-label"]
    assert [one for one in made.all("div") if one.get("aria-live") == "polite"]
    assert len(made.text["title"]) == 7, "the page's, and one for each point, where no script runs"
    buttons = made.all("button")
    assert [button["aria-pressed"] for button in buttons] == ["true"] * 4
    assert len(made.all("noscript")) == 1


def test_nothing_that_a_catalogue_says_becomes_markup(tmp_path: Path) -> None:
    nasty = NASTY + "<!--</script><script>alert(2)</script>"
    made, html = page(tmp_path, make_map(Path(NASTY), text=nasty))
    assert len(made.all("script")) == 2
    assert made.all("img") == [{"id": "photo", "alt": "", "hidden": ""}]
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    assert json.loads(data)[1]["title"] == f"{nasty} title 1"
    assert "<" not in data


def test_progress_is_told_and_a_wrong_name_refused(tmp_path: Path, photo: Path) -> None:
    told: list[tuple[int, int]] = []
    map_page(make_map(photo), out=tmp_path / "m.html", on_progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(1, 7)]
    with pytest.raises(UsageError, match="does not end in"):
        map_page(make_map(photo), out=tmp_path / "m.png")
    with pytest.raises(UsageError, match="does not end in"):
        map_picture(make_map(photo), out=tmp_path / "m.html")


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("text", ["x", "夏", "$a_b$", "\udc80"])
def test_the_picture_is_drawn_with_any_text(tmp_path: Path, numbers: bool, text: str) -> None:
    map_picture(make_map(None, text=text, numbers=numbers), out=tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as drawn:
        assert drawn.width == 1320
        assert len(drawn.convert("RGB").getcolors(1 << 20)) > 20
