"""``fm recommend`` end to end: what it prints, its options, and what mistakes are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import Catalogue, cli
from tests.drawn import MODEL

CLOTHES = [
    ("shirt", "Shirts", "Blue", "Fall", 40, (42, 104, 176)),
    ("jeans", "Jeans", "Black", "Fall", 30, (30, 30, 32)),
    ("chinos", "Trousers", "Beige", "Summer", 50, (211, 191, 157)),
    ("sneakers", "Casual Shoes", "White", "Fall", 60, (230, 230, 232)),
    ("sandals", "Sandals", "Orange", "Summer", 20, (240, 128, 30)),
    ("bag", "Backpacks", "Orange", "Fall", 20, (240, 128, 30)),
]


@pytest.fixture
def fm(capsys, monkeypatch, tmp_path):
    """Run ``fm`` in this process, in a folder of the test's own; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "220")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def clothes(new_store, plugins, tmp_path, monkeypatch) -> Path:
    """A store with a few garments that make an outfit; returns the folder of their photos."""
    rows = ["id,image,category,color,season,price"]
    for name, category, color, season, price, rgb in CLOTHES:
        photo = Image.new("RGB", (96, 96), "white")
        photo.paste(rgb, (20, 14, 76, 84))
        photo.save(tmp_path / f"{name}.png")
        rows.append(f"{name},{name}.png,{category},{color},{season},{price}")
    (tmp_path / "items.csv").write_text("\n".join(rows))
    with Catalogue(new_store, plugins=plugins) as catalogue:
        assert catalogue.ingest(tmp_path / "items.csv", **MODEL).n_stored == len(CLOTHES)
    monkeypatch.setenv("FM_STORE", str(new_store))
    return tmp_path


def lines(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_every_strategy_says_why(fm, clothes):
    for strategy, told in (
        ("similar", "same season"),
        ("season", "for Fall"),
        ("color", "complementary colour: Blue/Orange"),
        ("outfit", "neutral colour: Blue/Black, White"),
        ("ensemble", "ranks: "),
    ):
        code, out, err = fm("recommend", "--like", "shirt", "--strategy", strategy)
        assert (code, err) == (0, ""), strategy
        assert told in out, out
        assert (
            out.splitlines()[0].split(" ", 2)[2].startswith(f"{'like' if strategy == 'similar' else 'for'} item shirt")
        ), out
    code, out, _ = fm("recommend", "--strategy", "attributes", "--season", "Summer")
    assert code == 0
    assert "2 hits with season=Summer" in out
    assert "as asked: season" in out


def test_json_is_one_line_for_each_hit_and_outfit(fm, clothes):
    code, out, err = fm("recommend", "--like", "shirt", "--strategy", "outfit", "--json")
    outfits = lines(out)
    assert code == 0
    assert {part["slot"]: part["id"] for part in outfits[0]["outfit"]} == {
        "bottom": "jeans",
        "shoes": "sneakers",
        "bag": "bag",
    }
    assert outfits[0]["id"] == "jeans"
    assert "150 in all" in outfits[0]["why"]
    assert "2 outfits for item shirt" in err


def test_options_reach_their_strategy(fm, clothes):
    _, out, _ = fm("recommend", "--like", "shirt", "--strategy", "outfit", "--budget", 120, "--json")
    assert [part["id"] for part in lines(out)[0]["outfit"]] == ["jeans", "sandals", "bag"]
    _, out, _ = fm("recommend", "--strategy", "season", "--for-season", "summer", "--json")
    assert {hit["id"] for hit in lines(out)} == {"chinos", "sandals"}
    _, out, _ = fm("recommend", "--like", "shirt", "--strategy", "color", "--set", "relations=complementary", "--json")
    assert {hit["id"] for hit in lines(out)} == {"sandals", "bag"}
    code, out, _ = fm("recommend", "--like", "shirt", "--unlike", "bag", "--diversity", 0.5, "--json")
    assert (code, len(lines(out))) == (0, 4)
    _, out, _ = fm("recommend", "--like", "shirt", "--price", "..30", "--where", "color!=Black", "--json")
    assert {hit["id"] for hit in lines(out)} == {"sandals", "bag"}


def test_a_picture_and_words_stand_for_the_garment(fm, clothes):
    Image.open(clothes / "bag.png").save(clothes / "mine.png")
    code, out, _ = fm("recommend", "mine.png", "--strategy", "color", "--json")
    assert code == 0
    assert any("complementary colour: Orange/Blue" in hit["why"] for hit in lines(out) if hit["id"] == "shirt")
    code, out, _ = fm("recommend", "mine.png", "--describe", "category=Bag", "--strategy", "outfit", "--json")
    assert {part["slot"] for part in lines(out)[0]["outfit"]} == {"top", "bottom", "shoes"}
    code, out, _ = fm("recommend", "--describe", "category=Polo", "--describe", "color=blue", "--strategy", "outfit")
    assert code == 0
    assert "for category=Polo color=Blue" in out


def test_reports_are_written(fm, clothes):
    asked = ("recommend", "--like", "shirt", "--strategy", "outfit", "--sheet", "sheet.png", "--html", "page.html")
    code, _, err = fm(*asked)
    assert code == 0
    assert "Contact sheet: sheet.png" in err
    assert Image.open(clothes / "sheet.png").height > 700
    assert '<section class="outfit"' in (clothes / "page.html").read_text()
    fm("recommend", "--like", "shirt", "--sheet", "sheet.png", "--html", "page.html")
    assert '<section class="outfit"' not in (clothes / "page.html").read_text()


def test_one_hit_per_product_unless_asked_otherwise(fm, stored):
    _, out, _ = fm("recommend", "--color", "Blue", "--json", "-k", 50, "--store", stored)
    labels = [hit["label"] for hit in lines(out)]
    assert len(set(labels)) == len(labels)
    _, every, _ = fm("recommend", "--color", "Blue", "--json", "-k", 50, "--no-one-per-product", "--store", stored)
    assert len(lines(every)) > len(labels)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "asks for nothing"),
        (["--strategy", "outfitt", "--like", "shirt"], 2, "Did you mean 'outfit'"),
        (["--strategy", "color"], 2, "--describe color=Blue"),
        (["--strategy", "season"], 2, "--for-season"),
        (["--strategy", "season", "--for-season", "Sumer"], 2, "Did you mean 'Summer'"),
        (["--like", "shirt", "--diversity", "2"], 2, "diversity"),
        (["--like", "shirt", "--budget", "20"], 2, "no option 'budget'"),
        (["--like", "shirt", "--strategy", "outfit", "--budget", "40"], 2, "costs 40 already"),
        (["--like", "shrit"], 2, "Did you mean 'shirt'"),
        (["--like", "shirt", "--sheet", "sheet.txt"], 2, "sheet.txt"),
        (["--like", "shirt", "--color", "Bleu"], 2, "Did you mean 'Blue'"),
        (["missing.jpg"], 2, "missing.jpg"),
        (["--like", "shirt", "--collection", "nope"], 5, "nope"),
        (["--like", "shirt", "--strategy", "outfit", "--set", "slots_file=no.toml"], 2, "no.toml"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(fm, clothes, arguments, code, told):
    got, out, err = fm("recommend", *arguments)
    assert (got, out) == (code, "")
    assert told in err
    assert err.count("\n") <= 2
    assert "Traceback" not in err


def test_an_empty_answer_is_explained(fm, clothes):
    code, out, err = fm("recommend", "--like", "shirt", "--strategy", "outfit", "--budget", 60)
    assert code == 0
    assert out.startswith("0 hits")
    assert "the cheapest of each slot" in err
