"""The page of an evaluation: whole in itself, safe with any text, the worst as pictures, leaks in plain sight."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import UsageError
from fashion_match.core.evaluation import Estimate, Evaluation, Found, LeakCheck, Shown, Worst
from fashion_match.core.report.document import picture
from fashion_match.core.report.evaluation_page import evaluation_page
from fashion_match.core.report.evaluation_plot import evaluation_plots
from fashion_match.core.report.section import range_svg
from tests.core.report.evaluations import (
    CLEAN,
    EXTREMES,
    HOSTILE,
    LONG,
    MARKED,
    PROTOCOLS,
    classify,
    evaluation,
    match,
    pairs,
    retrieval,
    worst,
)
from tests.core.report.test_page import Page, contrast_of, needs_nothing_else


def made(tmp_path: Path, given: Evaluation, *, draw: bool = False) -> Page:
    out = tmp_path / "report.html"
    evaluation_page(given, out, plots=None if draw else {})
    return Page(out.read_text("utf-8"))


def of(page: Page, tag: str, look: str) -> list[dict[str, str]]:
    return [each for each in page.all(tag) if look in each.get("class", "").split()]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_gives_a_page_that_needs_nothing_else(protocol: str, tmp_path: Path, photo: Path) -> None:
    given = PROTOCOLS[protocol](worst=worst([photo], 2))
    page = made(tmp_path, given, draw=True)
    needs_nothing_else(page, (tmp_path / "report.html").read_text("utf-8"))
    assert len(of(page, "figure", "plot")) == len(evaluation_plots(given))
    assert page.text["h1"] == [given.heading]
    for landmark in ("header", "main", "h1", "title"):
        assert len(page.all(landmark)) == 1


@pytest.mark.parametrize("case", EXTREMES)
def test_any_evaluation_becomes_a_page(case: str, tmp_path: Path) -> None:
    page = made(tmp_path, EXTREMES[case])
    needs_nothing_else(page, (tmp_path / "report.html").read_text("utf-8"))
    assert "nan" not in "".join(word for words in page.text.values() for word in words)


def test_nothing_that_an_evaluation_says_becomes_markup(tmp_path: Path) -> None:
    shown = Shown(id=HOSTILE, image=Path(HOSTILE), label=HOSTILE, attributes={"name": HOSTILE})
    query = Worst(query=shown, said=HOSTILE, answers=(Found(item=shown, score=1),), expected=(shown,))
    page = made(tmp_path, EXTREMES["hostile"].model_copy(update={"worst": (query,)}), draw=True)
    assert page.all("script") == []
    assert all(each["src"].startswith("data:image/") for each in page.all("img"))
    assert page.text["h1"] == [HOSTILE]
    assert HOSTILE in page.text["h3"]
    assert HOSTILE in page.text["th"]
    assert all("onerror" not in each for each in page.all("img"))
    made(tmp_path, evaluation(LONG, heading=LONG, worst=(query.model_copy(update={"said": LONG}),)))


def test_pictures_say_their_main_numbers(tmp_path: Path) -> None:
    alts = [each["alt"] for each in made(tmp_path, pairs(), draw=True).all("img")]
    assert any("AUC 0.981 [0.975, 0.986]" in alt for alt in alts)
    assert any("47,488 of 50,000 right" in alt for alt in alts)
    assert all(alts)


def test_figures_have_value_interval_guess_and_a_scale(tmp_path: Path) -> None:
    page = made(tmp_path, pairs())
    assert {"0.981", "[0.975, 0.986]", "0.500", "0.032"} <= set(page.text["td"])
    assert len(page.all("svg")) == 5, "a threshold and a time have no interval"
    assert all(each["aria-hidden"] == "true" for each in page.all("svg"))
    assert {"8,000 items, 50,000 pairs, 742 labels, 3 could not be used", "3f2a9c0d7e5b"} <= set(page.text["dd"])


def test_a_scale_stands_where_there_is_something_on_it() -> None:
    whole = range_svg(Estimate(value=0.5, low=0.25, high=0.75, guess=0.1))
    assert 'x1="120.0"' in whole
    assert 'x="60.0" y="2.5" width="120.0"' in whole
    assert 'x1="24.0"' in whole
    assert range_svg(Estimate(value=0.5)) == ""
    assert range_svg(Estimate(value=12, low=11, high=13)) == ""
    assert range_svg(Estimate(value=float("nan"), guess=0.5)) == ""


def test_leaks_are_in_plain_sight(tmp_path: Path) -> None:
    def banner(check: LeakCheck) -> tuple[str, str, Page]:
        page = made(tmp_path, match(leaks=check))
        (section,) = of(page, "section", "leaks")
        return section["class"], " ".join(page.text["p"] + page.text["li"]), page

    look, said, page = banner(MARKED)
    assert look == "leaks marked"
    assert "Leaks allowed: 120 tested items stand on the other side too." in said
    assert page.text["b"].count("!") == 6, "at the banner and at each figure"
    assert {"10001", "10003"} <= set(page.text["th"]), "with examples"
    look, said, page = banner(CLEAN)
    assert look == "leaks clean"
    assert "Looked for leaks, found none." in said
    assert "!" not in page.text["b"]
    assert banner(LeakCheck(unknown=("no manifest",)))[:2][0] == "leaks unknown"
    assert "not looked at: no manifest" in banner(LeakCheck(unknown=("no manifest",)))[1]


def test_groups_unfold_and_tell_their_spread(tmp_path: Path) -> None:
    page = made(tmp_path, retrieval())
    assert "category: 9 values, recall@1 0.240 (Heels) to 0.800 (T-shirts)" in page.text["summary"]
    assert [("open" in each) for each in page.all("details")] == [True, False]
    assert {"T-shirts", "Heels"} <= set(page.text["th"])


def test_the_worst_are_shown_with_what_was_found_and_what_was_expected(tmp_path: Path, photo: Path) -> None:
    page = made(tmp_path, retrieval(worst=worst([photo, photo.with_name("gone.jpg"), None], 25)))
    assert len(page.text["h3"]) == 20
    assert page.text["h3"][0] == "first match at rank 212"
    assert len(of(page, "figure", "asked-with")) == 20
    assert len(of(page, "figure", "wrong")) == 80
    assert len(of(page, "figure", "right")) == 20
    assert len(of(page, "figure", "expected")) == 40
    assert page.text["b"].count("✗ wrong 0.93") == 20, "not by color alone"
    assert page.text["b"].count("✓ right 0.78") == 20
    said = [each["aria-label"] for each in page.all("div") if each.get("role") == "img"]
    assert "answer 1, wrong, score 0.930: Thing no. 1: photo is gone" in said
    assert "answer 2, wrong, score 0.880: Blue Shirt: no photo" in said
    alts = [each["alt"] for each in page.all("img")]
    assert "query: Blue Shirt" in alts
    assert "answer 4, right, score 0.780: Blue Shirt" in alts


def test_a_pair_and_a_class_have_no_answers_to_judge(tmp_path: Path, photo: Path) -> None:
    shown = Shown(id="a", image=photo)
    other = Found(item=shown, score=0.93)
    page = made(tmp_path, pairs(worst=(Worst(query=shown, said="taken for the same", answers=(other,)),)))
    assert len(of(page, "figure", "neither")) == 1
    assert {"Pair", "0.93"} <= set(page.text["b"])
    assert of(page, "ol", "small")
    page = made(tmp_path, classify(worst=(Worst(query=shown, said="taken for Skirts (0.93), is Shorts"),)))
    assert page.text["h3"] == ["taken for Skirts (0.93), is Shorts"]


def test_an_item_is_cropped_to_its_box(photo: Path) -> None:
    def color(box: tuple[float, float, float, float] | None) -> tuple[int, ...]:
        html = picture(photo, "a photo", box=box)
        data = re.search(r"base64,([^\"]+)", html)
        assert data
        small = Image.open(io.BytesIO(base64.b64decode(data[1])))
        return small.size + small.getpixel((small.width // 4, small.height // 2))

    assert color(None)[:2] == (300, 100)
    *size, red, _, blue = color((150, 0, 250, 100))
    assert size == [100, 100]
    assert blue > 200 > 50 > red
    assert "nothing in its box" in picture(photo, "a photo", box=(400, 0, 500, 50))
    assert "photo is gone" in picture(photo.with_name("gone.jpg"), "a photo", box=(0, 0, 1, 1))
    assert "unreadable photo" in picture(Path(__file__), "a photo", box=(0, 0, 1, 1))


def test_the_worst_are_cropped_to_their_boxes(tmp_path: Path, photo: Path) -> None:
    query = Worst(query=Shown(id="a", image=photo, box=(150, 0, 250, 100)), said="nothing was found")
    (image,) = made(tmp_path, match(worst=(query,))).all("img")
    assert (image["width"], image["height"]) == ("100", "100")


def test_twenty_of_eight_photos_stay_small(tmp_path: Path) -> None:
    photos = []
    for n in range(8):
        noise = Image.effect_noise((400, 500), 40 + n).resize((800, 1000))
        photos.append(tmp_path / f"{n}.jpg")
        Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180))).save(photos[-1])
    out = tmp_path / "report.html"
    evaluation_page(retrieval(worst=worst(photos, 20)), out)
    assert out.stat().st_size < 3_500_000, "of noise, which compresses worse than any garment"


def test_diagrams_that_are_drawn_already_are_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plots = evaluation_plots(match())
    monkeypatch.setattr("fashion_match.core.report.evaluation_page.evaluation_plots", lambda _: pytest.fail("again"))
    evaluation_page(match(), tmp_path / "report.html", plots=plots)
    assert len(Page((tmp_path / "report.html").read_text("utf-8")).all("img")) == 1


def test_text_on_its_ground_has_enough_contrast_in_both_schemes() -> None:
    grounds = [("bad", "bad-ground"), ("good", "good-ground"), ("muted", "quiet-ground"), ("muted", "bad-ground")]
    grounds += [("muted", "good-ground"), ("card", "bad"), ("card", "good"), ("card", "accent"), ("bad", "card")]
    for text, ground, found in contrast_of(("page.css", "evaluation.css"), grounds):
        assert found >= 4.5, (text, ground)


def test_a_name_that_is_no_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Let it end in \.htm or \.html"):
        evaluation_page(match(), tmp_path / "report.pdf")
