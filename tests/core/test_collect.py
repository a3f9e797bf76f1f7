"""A whole run against a real server: what is stored, what is not asked for twice, and what is told of the rest."""

from __future__ import annotations

import csv
import json
import re
import threading
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fashion_match import Item, Plugins, ReaderError, UsageError
from fashion_match.core import collecting as module
from fashion_match.core.collect.folder import CollectFolder, file_name
from fashion_match.core.collect.record import CollectReport, Entry
from fashion_match.core.collect.request import CollectRequest
from fashion_match.core.collect_plan import plan
from fashion_match.core.collecting import Collecting
from fashion_match.core.source_check import check_source
from fashion_match.core.web import pace as web_pace
from fashion_match.core.web.reason import CollectReason
from fashion_match.core.web.request import Patience
from tests.web_site import Site, drips, fails, first, photo, redirects, sends, slow


@pytest.fixture
def site():
    with Site({f"/{n}.jpg": photo(n) for n in range(20)}) as site:
        yield site


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr(web_pace, "FIRST_RETRY_S", 0.02)


@pytest.fixture
def shop(site, tmp_path):
    """Write a table and collect it."""

    class Shop:
        out = tmp_path / "data"

        def table(self, *rows: str, header: str = "id,url,color") -> Path:
            file = tmp_path / "shop.csv"
            file.write_text("\n".join([header, *(row.replace("@", site.url) for row in rows), ""]), encoding="utf-8")
            return file

        def request(self, *rows: str, header: str = "id,url,color", **options: object) -> CollectRequest:
            usual = {"rate": 1000.0, "allow_private": True, "patience": Patience(total_s=1), "retries": 1}
            return CollectRequest(self.out, table=str(self.table(*rows, header=header)), **{**usual, **options})

        def collect(self, *rows: str, **options: object) -> CollectReport:
            return Collecting(self.request(*rows, **options)).run()

        def items(self) -> dict[str, dict[str, str]]:
            with (self.out / "items.csv").open(encoding="utf-8") as file:
                return {row["id"]: row for row in csv.DictReader(file)}

        def provenance(self) -> list[Entry]:
            lines = (self.out / "provenance" / "provenance.jsonl").read_text().splitlines()
            return [Entry.model_validate_json(line) for line in lines]

        def failures(self) -> list[dict[str, str]]:
            file = self.out / "provenance" / "failures.jsonl"
            return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return Shop()


def counts(report: CollectReport) -> tuple[int, ...]:
    return report.n_stored, report.n_duplicate, report.n_unchanged, report.n_refused, report.n_failed


def photos_of(out: Path) -> list[Path]:
    return sorted(path for path in (out / "images").rglob("*") if path.is_file())


# -- what is stored -------------------------------------------------------------------------------------------------


def test_photos_attributes_and_where_they_are_from(shop, site):
    site.answers["/moved"] = redirects("/2.jpg")
    header = "id,url,articleType,price,licence"
    report = shop.collect("1,@/1.jpg,Dress,49.9,CC0", "2,@/moved,Hat,5,", header=header)
    assert counts(report) == (2, 0, 0, 0, 0)
    one = shop.items()["1"]
    assert (one["category"], one["price"], one["licence"]) == ("Dress", "49.9", "CC0")
    assert (shop.out / one["image"]).read_bytes() == photo(1)
    entries = {entry.id: entry for entry in shop.provenance()}
    first, second = entries["1"], entries["2"]
    assert (first.address, first.status, first.content_type) == (f"{site.url}/1.jpg", 200, "image/jpeg")
    assert (first.n_bytes, first.sha256) == (len(photo(1)), sha256(photo(1)).hexdigest())
    assert (first.width, first.height, first.robots) == (96, 128, "no robots.txt")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.at)
    assert (first.rights, second.rights) == ({"licence": "CC0"}, {})
    assert (second.address, second.final_address) == (f"{site.url}/moved", f"{site.url}/2.jpg")
    readme = (shop.out / "README").read_text()
    assert re.search(r"photos +2 ", readme)
    assert "no permission" in readme
    assert "(1 of them say" in readme


def test_a_reader_finds_all_of_it(shop):
    rows = ["1,@/1.jpg,Red,a,train,query", "2,@/2.jpg,Blue,a,test,gallery"]
    shop.collect(*rows, header="id,url,color,label,split,role")
    plugins = Plugins(installed=[])
    assert plugins.guess_reader(str(shop.out)) == "table"
    found = check_source(plugins.readers["table"].make({}), str(shop.out))
    assert (found.n_items, found.n_problems) == (2, 0)
    assert found.attributes["color"].top == {"Blue": 1, "Red": 1}
    assert (found.splits, found.roles) == ({"train": 1, "test": 1}, {"query": 1, "gallery": 1})
    assert found.labels is not None
    assert found.labels.n_labels == 1


def test_values_that_no_text_holds_go_into_json_lines(shop, tmp_path, site):
    source = tmp_path / "shop.jsonl"
    source.write_text(json.dumps({"id": 1, "url": f"{site.url}/1.jpg", "tags": ["a", "b"], "rating": 4.5}) + "\n")
    shop.collect("1,@/2.jpg,Red")
    assert (shop.out / "items.csv").exists()
    report = Collecting(replace(shop.request(), table=str(source), out=shop.out)).run()
    assert report.failures_file is not None  # the id is the other table's
    source.write_text(source.read_text().replace('"id": 1', '"id": 7'))
    Collecting(replace(shop.request(), table=str(source))).run()
    assert not (shop.out / "items.csv").exists()  # one table, so that it is the one that is read
    items = list(Plugins(installed=[]).readers["table"].make({}).read(str(shop.out)))
    assert [(item.id, item.attributes) for item in items] == [
        ("1", {"color": "Red"}),
        ("7", {"tags": ["a", "b"], "rating": 4.5}),
    ]
    assert all(item.image.is_file() for item in items)


def test_a_page(shop, site):
    product = {"@type": "Product", "sku": "D1", "name": "Silk dress", "color": "Red", "image": "/1.jpg"}
    html = (
        f'<script type="application/ld+json">{json.dumps(product)}</script><img src="2.jpg" alt="Hat"><img src=3.svg>'
    )
    site.answers["/shop/list"] = redirects("/list")
    site.answers["/list"] = sends(html.encode(), "text/html; charset=utf-8")
    request = replace(shop.request(), table=None, page=f"{site.url}/shop/list")
    report = Collecting(request).run()
    assert counts(report) == (2, 0, 0, 0, 0)
    assert report.skipped == {"drawings": 1}
    one, two = shop.items().values()
    assert (one["name"], one["color"], one["label"], two["name"]) == ("Silk dress", "Red", "D1", "Hat")
    assert one["id"] == sha256(photo(1)).hexdigest()[:20]
    assert counts(Collecting(request).run()) == (0, 0, 2, 0, 0)


def test_a_saved_page(shop, site, tmp_path):
    (tmp_path / "p.html").write_bytes("<meta charset=latin-1><img src=1.jpg alt='Kjolé'>".encode("latin-1"))
    request = replace(shop.request(), table=None, page=str(tmp_path / "p.html"))
    with pytest.raises(ReaderError, match="--base"):
        Collecting(request).run()
    assert not shop.out.exists()
    Collecting(replace(request, base=site.url)).run()
    assert [item["name"] for item in shop.items().values()] == ["Kjolé"]


def test_a_page_says_what_its_addresses_are_relative_to(shop, site):
    site.answers["/list"] = sends(b"<base href=/photos/><img src=a.jpg>", "text/html")
    site.answers["/photos/a.jpg"] = photo(1)
    assert Collecting(replace(shop.request(), table=None, page=f"{site.url}/list")).run().n_stored == 1


def test_a_page_that_is_busy_is_asked_again_and_one_that_is_gone_is_told(shop, site):
    page = sends(b"<img src=/1.jpg>", "text/html")
    site.answers |= {"/busy": first(fails(503), page), "/photo": photo(), "/bare": sends(b"<p>", "text/html")}
    request = replace(shop.request(), table=None, page=f"{site.url}/busy")
    assert Collecting(request).run().n_stored == 1
    for path, told in (("/gone", "404"), ("/photo", "image/jpeg"), ("/bare", "no picture")):
        with pytest.raises(ReaderError, match=told):
            Collecting(replace(request, page=site.url + path)).run()


# -- the same picture twice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [1, 2])
def test_two_addresses_of_one_photo_are_one_item_the_first_of_the_source(shop, site, late):
    site.answers["/copy.jpg"] = photo(1)
    site.answers["/1.jpg" if late == 1 else "/copy.jpg"] = slow(photo(1), 0.3)
    rows = ["1,@/1.jpg,Red", "2,@/copy.jpg,Blue"]
    assert counts(shop.collect(*rows)) == (1, 1, 0, 0, 0)
    assert {item: row["color"] for item, row in shop.items().items()} == {"1": "Red"}
    assert len(photos_of(shop.out)) == 1
    last = {entry.address: (entry.event, entry.id) for entry in shop.provenance()}
    assert last == {f"{site.url}/1.jpg": ("stored", "1"), f"{site.url}/copy.jpg": ("duplicate", "1")}
    asked = len(site.asked)
    assert counts(shop.collect(*rows)) == (0, 1, 1, 0, 0)
    assert len(site.asked) == asked


def test_one_address_in_two_rows_is_asked_for_once(shop, site):
    rows = ["1,@/1.jpg,Red", "2,@/1.jpg,Blue", "3,@/1.jpg#x,Blue", "4,@/gone.jpg,Blue", "5,@/gone.jpg,Blue"]
    assert counts(shop.collect(*rows)) == (1, 2, 0, 0, 2)
    assert sorted(site.paths()) == ["/1.jpg", "/gone.jpg"]
    assert {item: row["color"] for item, row in shop.items().items()} == {"1": "Red"}
    assert counts(shop.collect(*rows)) == (0, 2, 1, 0, 2)
    assert counts(shop.collect(*rows, retry_failed=True)) == (0, 2, 1, 0, 2)
    assert sorted(site.paths()) == ["/1.jpg", "/gone.jpg", "/gone.jpg"]


def test_what_failed_is_asked_for_again_only_once_in_a_run(shop, site, monkeypatch):
    monkeypatch.setattr(module, "LOOKAHEAD", 1)  # so that the last row is read when the first one has failed
    rows = ["1,@/gone.jpg,Red", *(f"{n},@/{n}.jpg,Red" for n in range(2, 6)), "6,@/gone.jpg,Red"]
    for _ in range(2):
        shop.collect(*rows, retry_failed=True)
    assert site.paths().count("/gone.jpg") == 2


def test_one_id_for_two_photos_is_refused(shop, site):
    report = shop.collect("1,@/1.jpg,Red", "1,@/2.jpg,Blue")
    assert report.reasons == {CollectReason.DUPLICATE_ID: 1}
    assert site.paths() == ["/1.jpg"]
    (missing,) = shop.failures()
    assert (missing["id"], missing["where"]) == ("1", "line 3")


def test_an_id_of_another_source_is_not_overwritten(shop, tmp_path, site):
    shop.collect("1,@/1.jpg,Red")
    (tmp_path / "other.csv").write_text(f"id,url\n1,{site.url}/2.jpg\n")
    report = Collecting(replace(shop.request(), table=str(tmp_path / "other.csv"))).run()
    assert report.reasons == {CollectReason.DUPLICATE_ID: 1}
    assert "shop.csv" in shop.failures()[0]["detail"]


# -- again ----------------------------------------------------------------------------------------------------------


def test_the_same_command_asks_for_nothing_that_is_there(shop, site):
    rows = [f"{n},@/{n}.jpg,Red" for n in range(5)]
    shop.collect(*rows)
    before = [(path, path.stat().st_mtime_ns) for path in photos_of(shop.out)]
    lines = len(shop.provenance())
    site.asked.clear()
    assert counts(shop.collect(*rows)) == (0, 0, 5, 0, 0)
    assert site.asked == []
    assert [(path, path.stat().st_mtime_ns) for path in photos_of(shop.out)] == before
    assert len(shop.provenance()) == lines


def test_a_changed_source_adds_what_is_new_and_says_what_is_other(shop, site):
    shop.collect("1,@/1.jpg,Red", "2,@/2.jpg,Red", "3,@/3.jpg,Red")
    site.asked.clear()
    report = shop.collect("1,@/1.jpg,Green", "2,@/4.jpg,Red", "five,@/3.jpg,Red", "6,@/6.jpg,Red")
    assert counts(report) == (2, 0, 2, 0, 0)
    assert report.n_updated == 2
    assert sorted(site.paths()) == ["/4.jpg", "/6.jpg"]
    items = shop.items()
    assert items.keys() == {"1", "2", "five", "6"}
    assert items["1"]["color"] == "Green"
    assert (shop.out / items["2"]["image"]).read_bytes() == photo(4)
    report = shop.collect("2,@/2.jpg,Red")  # and back
    assert (counts(report), report.n_updated) == ((0, 0, 1, 0, 0), 1)
    assert (shop.out / shop.items()["2"]["image"]).read_bytes() == photo(2)


def test_a_photo_that_moves_to_another_address_stays_the_item(shop, site):
    shop.collect("1,@/1.jpg,Red")
    site.answers["/new.jpg"] = photo(1)
    report = shop.collect("1,@/new.jpg,Blue")
    assert (counts(report), report.n_updated) == ((0, 0, 1, 0, 0), 1)
    assert {item: row["color"] for item, row in shop.items().items()} == {"1": "Blue"}


def test_a_photo_that_was_removed_is_fetched_again(shop):
    shop.collect("1,@/1.jpg,Red", "2,@/2.jpg,Red")
    photos_of(shop.out)[0].unlink()
    assert counts(shop.collect("1,@/1.jpg,Red", "2,@/2.jpg,Red")) == (1, 0, 1, 0, 0)
    assert len(photos_of(shop.out)) == 2


def test_what_failed_is_listed_and_asked_for_again_on_demand(shop, site):
    rows = ["1,@/1.jpg,Red", "2,@/late.jpg,Red"]
    assert counts(shop.collect(*rows)) == (1, 0, 0, 0, 1)
    assert shop.failures() == [
        {
            "id": "2",
            "address": f"{site.url}/late.jpg",
            "where": "line 3",
            "reason": "http_error",
            "detail": "the server answers 404",
        }
    ]
    site.answers["/late.jpg"] = photo(9)
    assert counts(shop.collect(*rows)) == (0, 0, 1, 0, 1)
    assert len(shop.failures()) == 1
    report = shop.collect(*rows, retry_failed=True)
    assert counts(report) == (1, 0, 1, 0, 0)
    assert (shop.failures(), report.failures_file) == ([], None)


def test_limit_is_of_what_is_asked_for(shop, site):
    rows = [f"{n},@/{n}.jpg,Red" for n in range(6)]
    assert counts(shop.collect(*rows, limit=2)) == (2, 0, 0, 0, 0)
    assert counts(shop.collect(*rows, limit=3)) == (3, 0, 2, 0, 0)
    assert counts(shop.collect(*rows, limit=3)) == (1, 0, 5, 0, 0)
    assert len(site.paths()) == 6


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_every_reason_is_told_and_the_counts_add_up(shop, site):
    site.answers |= {
        "/robots.txt": sends(b"User-agent: *\nDisallow: /private/", "text/plain"),
        "/page": sends(b"<html>", "text/html"),
        "/page.jpg": sends(b"<html>"),
        "/cut.jpg": sends(photo(30)[:500]),
        "/short.jpg": sends(photo(30)[:500], length=2000),
        "/big.jpg": sends(b"\xff\xd8\xff" + b"0" * 60_000),
        "/tiny.jpg": photo(1, size=(20, 20)),
        "/loop": redirects("/loop"),
        "/evil": redirects("file:///etc/passwd"),
        "/inner": redirects("http://169.254.1.1/"),
        "/drip": drips(),
        "/packed": sends(photo(1), Content_Encoding="br"),
    }
    reasons = {
        "1.jpg": "bad_address",
        "http://me:pw@a.example/": "bad_address",
        "http://169.254.1.1/": "forbidden_address",
        "@/inner": "forbidden_address",
        "@/evil": "bad_address",
        "@/private/1.jpg": "robots",
        "": "bad_record",
        "@/gone": "http_error",
        "@/loop": "too_many_redirects",
        "@/page": "wrong_type",
        "@/page.jpg": "not_an_image",
        "@/cut.jpg": "truncated",
        "@/short.jpg": "truncated",
        "@/big.jpg": "too_large",
        "@/tiny.jpg": "too_small",
        "@/drip": "timeout",
        "@/packed": "bad_response",
        "http://nobody.invalid/1.jpg": "unknown_host",
        "http://127.0.0.1:1/1.jpg": "unreachable",
    }
    rows = [f"{n},{address},Red" for n, address in enumerate(reasons)]
    report = shop.collect("ok,@/1.jpg,Red", *rows, "ok,@/2.jpg,Red", max_bytes=50_000, retries=0)
    assert report.n_stored == 1
    assert {line["where"]: line["reason"] for line in shop.failures()} == {
        **{f"line {n}": reason for n, reason in enumerate(reasons.values(), start=3)},
        f"line {len(rows) + 3}": "duplicate_id",
    }
    assert set(report.reasons) == set(CollectReason)  # none is without a test
    assert [int(line["where"].split()[1]) for line in shop.failures()] == list(range(3, len(rows) + 4))
    assert len(photos_of(shop.out)) == 1
    site.answers["/moved"] = redirects("/page.jpg")
    shop.collect("1,@/moved,Red", retries=0)
    last = shop.provenance()[-1]
    assert (last.event, last.reason, last.status) == ("failed", CollectReason.NOT_AN_IMAGE, 200)
    assert (last.address, last.final_address) == (f"{site.url}/moved", f"{site.url}/page.jpg")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_be_better_later_is_asked_for_again(shop, site, status):
    site.answers["/busy.jpg"] = first(fails(status), fails(status, Retry_After="0"), sends(photo(5)))
    assert counts(shop.collect("1,@/busy.jpg,Red", retries=2)) == (1, 0, 0, 0, 0)
    site.answers["/never.jpg"] = fails(status)
    assert counts(shop.collect("1,@/busy.jpg,Red", "2,@/never.jpg,Red", retries=2)) == (0, 0, 1, 0, 1)
    assert site.paths().count("/never.jpg") == 3


def test_what_waits_to_be_asked_again_holds_up_nothing(shop, site, monkeypatch):
    monkeypatch.setattr(web_pace, "FIRST_RETRY_S", 0.4)
    site.answers["/busy.jpg"] = first(fails(503), sends(photo(5)))
    shop.collect("1,@/busy.jpg,Red", "2,@/2.jpg,Red", "3,@/3.jpg,Red", workers=1)
    assert site.paths() == ["/busy.jpg", "/2.jpg", "/3.jpg", "/busy.jpg"]


def test_the_rate_is_kept_by_all_workers_together(shop, site):
    shop.collect(*(f"{n},@/{n}.jpg,Red" for n in range(6)), rate=20, workers=8)
    assert len(site.asked) == 7
    assert site.asked[-1][0] - site.asked[0][0] > 0.25  # test_web_pace is exact


def test_a_bug_is_not_taken_for_a_failure(shop, monkeypatch):
    monkeypatch.setattr(module, "check_photo", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shop.collect("1,@/1.jpg,Red")


def test_ctrl_c_leaves_a_table_of_what_is_there(shop, site):
    site.answers["/9.jpg"] = slow(photo(9), 30)

    def stop(counts: object) -> None:
        if counts.n_stored == 2:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    began = time.monotonic()
    rows = ["9,@/9.jpg,Red", "1,@/1.jpg,Red", "2,@/2.jpg,Red"]
    with pytest.raises(KeyboardInterrupt):
        Collecting(shop.request(*rows), on_progress=stop).run()
    assert time.monotonic() - began < 5
    assert shop.items().keys() == {"1", "2"}
    assert counts(shop.collect(*rows[1:])) == (0, 0, 2, 0, 0)


def test_the_table_is_written_on_the_way(shop, site, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 2)
    seen: list[int] = []

    def look(counts: object) -> None:
        if (shop.out / "items.csv").exists():
            seen.append(len(shop.items()))

    Collecting(shop.request(*(f"{n},@/{n}.jpg,Red" for n in range(6))), on_progress=look).run()
    assert {2, 4} <= set(seen)


# -- the folder -----------------------------------------------------------------------------------------------------


def test_a_folder_of_something_else_is_left_alone(shop, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file"):
        with pytest.raises(UsageError, match="--out"):
            Collecting(replace(shop.request("1,@/1.jpg,Red"), out=tmp_path / name))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["images", "provenance"])
def test_links_in_the_folder_lead_nothing_out_of_it(shop, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shop.out.mkdir()
    (shop.out / "provenance").mkdir() if name == "images" else None
    (shop.out / name).symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link"):
        shop.collect("1,@/1.jpg,Red")
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_a_photo_or_its_folder_is_not_written_through(shop, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("mine")
    digest = sha256(photo(1)).hexdigest()
    with CollectFolder(shop.out) as folder:
        (shop.out / "images" / digest[:2]).mkdir()
        (shop.out / file_name(digest, ".jpg")).symlink_to(elsewhere / "file")
        (shop.out / "provenance" / "photo.part").symlink_to(elsewhere / "file")
        folder.store(module.check_photo(photo(1), max_pixels=10**6, min_px=1))
    assert (elsewhere / "file").read_text() == "mine"
    assert (shop.out / file_name(digest, ".jpg")).read_bytes() == photo(1)
    digest = sha256(photo(2)).hexdigest()
    (shop.out / "images" / digest[:2]).symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link"):
        shop.collect("2,@/2.jpg,Red")
    assert [path.name for path in elsewhere.iterdir()] == ["file"]


def test_two_at_once_do_not_write_into_one_folder(shop):
    request = shop.request("1,@/1.jpg,Red")
    with CollectFolder(shop.out), pytest.raises(UsageError, match="being collected into"):
        Collecting(request).run()


def test_a_full_disk_is_told_in_a_line(shop, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(UsageError, match="No space left"):
        shop.collect("1,@/1.jpg,Red")


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "g" * 64, "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_no_name_is_made_of_anything_but_a_hash(digest):
    with pytest.raises(ValueError, match="SHA-256"):
        file_name(digest, ".jpg")


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    ["../../x", "/etc/passwd", "..", ".", "con", "a/b", "a\\b", "x" * 500, "%2e%2e%2f", "-rf", "~", "\u202egpj.exe"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("a\rb", "1"), ("a\nb", "2"), ('a"b', "3"), ("=1+1", "4")])
@given(st.lists(st.tuples(names, names), min_size=1, max_size=4, unique_by=lambda pair: pair[0]))
def test_no_id_and_no_address_decides_where_a_file_goes(tmp_path_factory, site, pairs):
    folder = tmp_path_factory.mktemp("named")
    rows = [{"id": item, "url": f"{site.url}/{path}"} for item, path in pairs]
    site.otherwise = lambda handler, n: sends(photo(hash(handler.path) % 100))(handler, n)
    (folder / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    request = CollectRequest(
        folder / "data", table=str(folder / "shop.jsonl"), rate=1000, allow_private=True, retries=0
    )
    report = Collecting(request).run()
    assert report.n_stored == len(photos_of(folder / "data"))
    assert report.n_failed == 0
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    own = {"README", "items.csv", "provenance/lock", "provenance/provenance.jsonl", "provenance/failures.jsonl"}
    for name in found - {"shop.jsonl"}:
        inner = name.removeprefix("data/")
        assert inner in own or re.fullmatch(r"images/[0-9a-f]{2}/[0-9a-f]{32}\.jpg", inner), name
    if report.n_items:
        items = list(Plugins(installed=[]).readers["table"].make({}).read(str(folder / "data")))
        assert all(isinstance(item, Item) and item.image.is_file() for item in items)
        assert len(items) == report.n_items


# -- what would be done ---------------------------------------------------------------------------------------------


def test_a_plan_asks_for_nothing_and_writes_nothing(shop, site):
    rows = [
        "1,@/1.jpg,Red",
        "2,@/gone.jpg,Red",
        "3,@/3.jpg,Red",
        "3,@/4.jpg,Red",
        "5,nowhere,Red",
        "6,,Red",
        "7,@/3.jpg,",
    ]
    shop.collect(*rows[:2])
    site.asked.clear()
    before = sorted(shop.out.rglob("*"))
    planned = list(plan(Collecting(shop.request(*rows))))
    assert [one.would for one in planned] == ["keep", "leave", "fetch", "refuse", "refuse", "refuse", "keep"]
    assert [one.would for one in plan(Collecting(shop.request(*rows, retry_failed=True)))][:2] == ["keep", "fetch"]
    assert [one.would for one in plan(Collecting(shop.request(*rows, limit=1)))][-1] == "keep"
    assert site.asked == []
    assert sorted(shop.out.rglob("*")) == before
    fetched = shop.collect(*rows)
    assert fetched.n_stored == [one.would for one in planned].count("fetch")


def test_a_plan_leaves_a_line_alone_that_a_run_is_just_writing(shop):
    shop.collect("1,@/1.jpg,Red")
    file = shop.out / "provenance" / "provenance.jsonl"
    with file.open("a") as more:
        more.write('{"event":"sto')
    before = file.read_bytes()
    assert [one.would for one in plan(Collecting(shop.request("1,@/1.jpg,Red")))] == ["keep"]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"table": None}, "nothing to collect"),
        ({"page": "p.html"}, "two sources"),
        ({"base": "http://a.example"}, "--base"),
        ({"table": None, "page": "p.html", "column": "x"}, "--column"),
        ({"rate": 0}, "--rate"),
        ({"rate": float("nan")}, "--rate"),
        ({"patience": Patience(total_s=0)}, "--timeout"),
        ({"max_bytes": 0}, "--max-mb"),
    ],
)
def test_requests_that_make_no_sense(tmp_path, options, told):
    with pytest.raises(UsageError, match=told):
        CollectRequest(tmp_path / "x", **{"table": "t.csv", **options})


def test_threads_end_with_the_run(shop):
    before = threading.active_count()
    shop.collect("1,@/1.jpg,Red")
    deadline = time.monotonic() + 5
    while any(t.name.startswith("fm-collect") for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before + 2  # the server's own
