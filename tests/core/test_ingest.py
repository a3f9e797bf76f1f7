"""What `fm ingest` promises: counts add up, nothing is done twice, failures are named, a kill changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from qdrant_client import QdrantClient

from fashion_match import Catalogue, DataError, ModelError, ReaderError, Reason
from fashion_match.core.failure_log import read_failures
from fashion_match.core.ingest_option import IngestOptions
from fashion_match.core.store.server_location import ServerLocation
from tests.drawn import DRAWN, MODEL, N


def contents(catalogue: Catalogue) -> dict[str, tuple]:
    """Everything that a collection holds, but for modification times."""
    return {
        stored.item.id: (stored.item, stored.content, stored.source, tuple(stored.vector))
        for stored in catalogue.store.scan(with_vectors=True)
    }


def table(folder: Path, rows: list[dict], header: str = "id,image,color,price") -> Path:
    names = header.split(",")
    lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    file = folder / "items.csv"
    file.write_text("\n".join([header, *lines]) + "\n")
    return file


def photo(file: Path, color: tuple[int, int, int] = (200, 30, 30)) -> Path:
    image = Image.new("RGB", (80, 100), "white")
    image.paste(color, (20, 20, 60, 80))
    image.save(file)
    return file


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with four photos and a table."""
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = []
    for n, color in enumerate([(200, 0, 0), (0, 200, 0), (0, 0, 200), (20, 20, 20)]):
        photo(folder / f"{n}.png", color)
        rows.append(
            {"id": f"s{n}", "image": f"{n}.png", "color": ["Red", "Green", "Blue", "Black"][n], "price": 10 * n + 5}
        )
    table(folder, rows)
    return folder / "items.csv"


@pytest.fixture
def catalogue(new_store: Path, plugins):
    with Catalogue(new_store, plugins=plugins) as opened:
        yield opened


def test_a_second_ingest_changes_nothing_and_embeds_nothing(own_store, photos, plugins):
    with Catalogue(own_store, plugins=plugins) as catalogue:
        before = contents(catalogue)
        report = catalogue.ingest(f"drawn:{photos}", reader_options=DRAWN)
        assert (report.n_seen, report.n_unchanged, report.n_embedded) == (N, N, 0)
        assert contents(catalogue) == before


def test_the_second_ingest_loads_no_torch(own_store, photos):
    code = (
        "import sys; from fashion_match import Catalogue\n"
        f"with Catalogue({str(own_store)!r}) as c:\n"
        f"    r = c.ingest('drawn:{photos}', reader_options={DRAWN!r}, **{MODEL!r})\n"
        "assert r.n_unchanged == r.n_seen > 0, r\n"
        "print([m for m in ('torch', 'qdrant_client', 'openvino') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_changed_photo_is_embedded_again_and_a_changed_attribute_is_not(catalogue, shop):
    assert catalogue.ingest(shop, **MODEL).n_stored == 4
    before = contents(catalogue)
    photo(shop.parent / "0.png", (0, 120, 120))
    shop.write_text(shop.read_text().replace("Green", "Olive"))
    report = catalogue.ingest(shop)
    assert (report.n_stored, report.n_embedded, report.n_unchanged) == (2, 1, 2)
    after = contents(catalogue)
    assert after["s0"][1] != before["s0"][1]
    assert after["s0"][3] != before["s0"][3]
    assert after["s1"][0].attributes["color"] == "Olive"
    assert after["s1"][3] == before["s1"][3]
    assert [after[i] for i in ("s2", "s3")] == [before[i] for i in ("s2", "s3")]


def test_a_touched_photo_is_read_but_not_embedded(catalogue, shop):
    catalogue.ingest(shop, **MODEL)
    os.utime(shop.parent / "2.png", ns=(1, 1))
    report = catalogue.ingest(shop)
    assert (report.n_unchanged, report.n_embedded) == (4, 0)
    assert catalogue.store.fetch(["s2"])[0].stat[1] == 1, "the next ingest need not read it again"


def test_no_update_adds_what_is_new_and_leaves_the_rest(catalogue, shop):
    catalogue.ingest(shop, **MODEL)
    shop.write_text(shop.read_text().replace("Green", "Olive") + "s4,0.png,Red,1\n")
    report = catalogue.ingest(shop, options=IngestOptions(update=False))
    assert (report.n_stored, report.n_unchanged) == (1, 4)
    assert catalogue.store.fetch(["s1"])[0].item.attributes["color"] == "Green"


def test_prune_removes_what_its_own_source_no_longer_has(catalogue, shop, tmp_path):
    catalogue.ingest(shop, **MODEL)
    other = tmp_path / "other"
    other.mkdir()
    photo(other / "o.png")
    catalogue.ingest(table(other, [{"id": "o1", "image": "o.png", "color": "Red", "price": 1}]))
    shop.write_text("".join(shop.read_text().splitlines(keepends=True)[:-1]))
    (shop.parent / "0.png").unlink()
    assert catalogue.ingest(shop).n_pruned == 0
    report = catalogue.ingest(shop, options=IngestOptions(prune=True))
    assert (report.n_pruned, report.n_failed) == (2, 1)
    assert sorted(item.id for item in catalogue.items()) == ["o1", "s1", "s2"]


def test_prune_keeps_its_hands_off_when_records_could_not_be_read(catalogue, shop):
    catalogue.ingest(shop, **MODEL)
    lines = shop.read_text().splitlines()
    shop.write_text("\n".join([*lines[:-1], "s3,3.png,Black,not a number"]) + "\n")
    said: list[str] = []
    report = catalogue.ingest(shop, options=IngestOptions(prune=True), notify=said.append)
    assert (report.n_failed, report.n_pruned) == (1, 0)
    assert catalogue.count() == 4
    assert "Nothing was pruned" in said[-1]


def test_every_failure_is_named_and_can_be_retried(catalogue, shop):
    folder = shop.parent
    (folder / "text.jpg").write_text("<html>not found</html>")
    (folder / "cut.png").write_bytes((folder / "1.png").read_bytes()[:120])
    (folder / "empty.png").touch()
    rows = [("x1", "text.jpg"), ("x2", "cut.png"), ("x3", "empty.png"), ("x4", "nowhere.png"), ("s0", "0.png")]
    shop.write_text(shop.read_text() + "".join(f"{item_id},{name},Red,1\n" for item_id, name in rows))
    report = catalogue.ingest(shop, **MODEL)
    assert (report.n_seen, report.n_stored, report.n_failed) == (9, 4, 5)
    failures = {failure.item: failure for failure in read_failures(report.failures_file)}
    assert {item_id: failure.reason for item_id, failure in failures.items()} == {
        "x1": Reason.NOT_AN_IMAGE,
        "x2": Reason.TRUNCATED,
        "x3": Reason.NOT_AN_IMAGE,
        "x4": Reason.MISSING_FILE,
        "s0": Reason.DUPLICATE_ID,
    }
    shutil.copy(folder / "2.png", folder / "nowhere.png")
    again = catalogue.ingest(shop, options=IngestOptions(retry_failed=True))
    assert "x4" in {item.id for item in catalogue.items()}
    assert again.n_stored == 1
    assert again.n_seen < report.n_seen


def test_strict_stops_at_the_first_failure_and_keeps_what_was_stored(catalogue, shop):
    (shop.parent / "1.png").write_text("no picture")
    with pytest.raises(DataError, match=r"1\.png"):
        catalogue.ingest(shop, options=IngestOptions(strict=True), **MODEL)


def test_text_where_a_number_is_stored_is_one_failure(catalogue, tmp_path):
    photo(tmp_path / "a.png")
    file = tmp_path / "items.jsonl"
    rows = [{"id": "a", "image": "a.png", "size": 42}, {"id": "b", "image": "a.png", "size": "XL"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    report = catalogue.ingest(file, **MODEL)
    assert report.failures_by_reason == {Reason.ATTRIBUTE_TYPE: 1}
    assert report.n_stored == 1


def test_the_same_id_from_another_source_is_refused_and_a_prefix_keeps_both(catalogue, shop, tmp_path):
    catalogue.ingest(shop, **MODEL)
    other = tmp_path / "other"
    other.mkdir()
    photo(other / "0.png", (1, 2, 3))
    file = table(other, [{"id": "s0", "image": "0.png", "color": "Red", "price": 1}])
    assert catalogue.ingest(file).failures_by_reason == {Reason.DUPLICATE_ID: 1}
    assert catalogue.ingest(file, options=IngestOptions(prefix="other/")).n_stored == 1
    assert {"s0", "other/s0"} <= {item.id for item in catalogue.items()}


def test_a_source_that_moved_keeps_its_vectors(catalogue, shop, tmp_path):
    catalogue.ingest(shop, **MODEL)
    moved = Path(shutil.copytree(shop.parent, tmp_path / "moved")) / "items.csv"
    report = catalogue.ingest(moved)
    assert (report.n_stored, report.n_embedded) == (4, 0)
    assert all(str(item.image).startswith(str(tmp_path / "moved")) for item in catalogue.items())


def test_another_model_is_refused_before_anything_is_read(own_store, photos, plugins):
    with Catalogue(own_store, plugins=plugins) as catalogue:
        before = contents(catalogue)
        with pytest.raises(ModelError, match="made with mobilenet_v3_small"):
            catalogue.ingest(f"drawn:{photos}", reader_options=DRAWN, **{**MODEL, "seed": 1})
        assert contents(catalogue) == before


def test_nothing_is_left_of_a_collection_that_nothing_was_stored_in(catalogue, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no picture")
    assert catalogue.ingest(tmp_path / "bad", **MODEL).n_stored == 0
    assert catalogue.location.names() == []


def test_a_source_that_is_not_there_is_told_before_a_model_is_made(tmp_path, plugins):
    with Catalogue(tmp_path / "empty", plugins=plugins) as catalogue, pytest.raises(ReaderError, match="nowhere"):
        catalogue.ingest(tmp_path / "nowhere", **MODEL)
    assert not (tmp_path / "empty" / "models").exists()


def test_a_killed_ingest_goes_on_and_ends_in_the_same_state(own_store, photos, plugins, tmp_path):
    killed = tmp_path / "killed"
    shutil.copytree(own_store / "models", killed / "models")
    code = (
        "from fashion_match import Catalogue; import fashion_match.core.ingest as i; i.UPSERT = 4\n"
        "from fashion_match.core.compute import Compute\n"
        f"Catalogue({str(killed)!r}).ingest('drawn:{photos}', reader_options={DRAWN!r}, **{MODEL!r},"
        " compute=Compute(batch_size=2), on_progress=lambda c: print(c.n_stored, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 8:
                child.send_signal(signal.SIGKILL)
                break
    deadline = time.monotonic() + 10
    with Catalogue(killed, plugins=plugins) as catalogue:
        assert time.monotonic() < deadline
        n_before = catalogue.count()
        assert 4 <= n_before < N
        report = catalogue.ingest(f"drawn:{photos}", reader_options=DRAWN)
        assert (report.n_unchanged, report.n_stored) == (n_before, N - n_before)
        resumed = contents(catalogue)
    with Catalogue(own_store, plugins=plugins) as catalogue:
        whole = contents(catalogue)
    assert resumed.keys() == whole.keys()
    for item_id, (item, content, source, vector) in whole.items():
        assert resumed[item_id][:3] == (item, content, source)
        assert resumed[item_id][3] == pytest.approx(vector, abs=1e-5)


# A model that looks at attributes beside the photo


@pytest.fixture(params=["folder", "server"])
def fused(request, tmp_path, fusing):
    """An empty catalogue in each kind of store."""
    location = None
    if request.param == "server":
        location = ServerLocation("http://stand-in", library=tmp_path / "models", client=QdrantClient(":memory:"))
    with Catalogue(tmp_path / "store", "fused", plugins=fusing, location=location) as opened:
        yield opened


def outfits(file: Path, colors: list[str], **more: object) -> Path:
    items = [{"item_id": f"i{n}", "color": color, "season": "Autumn", **more} for n, color in enumerate(colors)]
    file.write_text(json.dumps({"items": items}))
    return file


def test_items_without_photos_are_stored_by_their_attributes(fused, fusion_model, tmp_path):
    source = outfits(tmp_path / "data.json", ["Blue", "Red", "Green"])
    report = fused.ingest(source, reader="outfits", model=fusion_model)
    assert (report.n_seen, report.n_stored, report.n_embedded) == (3, 3, 3)
    before = contents(fused)
    assert all(item.image is None for item in fused.items())
    assert {stored.stat for stored in fused.store.scan()} == {(0, 0)}
    assert len({vector for *_, vector in before.values()}) == 3
    for options in (IngestOptions(), IngestOptions(verify=True), IngestOptions(prune=True)):
        again = fused.ingest(source, reader="outfits", options=options)
        assert (again.n_unchanged, again.n_embedded, again.n_pruned) == (3, 0, 0)
    assert contents(fused) == before


def test_without_such_a_model_an_item_without_a_photo_is_a_failure(catalogue, tmp_path):
    source = outfits(tmp_path / "data.json", ["Blue", "Red"])
    assert catalogue.ingest(source, reader="outfits", **MODEL).failures_by_reason == {Reason.NO_PHOTO: 2}


def test_an_item_that_the_model_can_make_nothing_of_is_a_failure(fused, fusion_model, tmp_path):
    (tmp_path / "items.jsonl").write_text('{"id": "a", "brand": "Acme"}\n{"id": "b", "color": "Blue"}\n')
    report = fused.ingest(tmp_path / "items.jsonl", model=fusion_model)
    assert (report.n_stored, report.failures_by_reason) == (1, {Reason.NO_PHOTO: 1})
    (failure,) = read_failures(report.failures_file)
    assert (failure.item, failure.file) == ("a", str(tmp_path / "items.jsonl"))


def test_only_attributes_that_the_model_looks_at_are_embedded_again(fused, fusion_model, tmp_path):
    source = outfits(tmp_path / "data.json", ["Blue", "Red", "Green"], outfit_id="o1")
    fused.ingest(source, reader="outfits", model=fusion_model)
    before = contents(fused)
    outfits(source, ["Blue", "Navy Blue", "Green"], outfit_id="o1")
    report = fused.ingest(source, reader="outfits")
    assert (report.n_stored, report.n_embedded, report.n_unchanged) == (1, 1, 2)
    after = contents(fused)
    assert after["i1"][0].attributes["color"] == "Navy Blue"
    assert after["i1"][3] != before["i1"][3]
    assert [after[i] for i in ("i0", "i2")] == [before[i] for i in ("i0", "i2")]
    outfits(source, ["Blue", "Navy Blue", "Green"], outfit_id="o2")
    report = fused.ingest(source, reader="outfits")
    assert (report.n_stored, report.n_embedded) == (3, 0)
    assert {item.attributes["outfit_id"] for item in fused.items()} == {"o2"}
    assert {i: entry[3] for i, entry in contents(fused).items()} == {i: entry[3] for i, entry in after.items()}


def test_a_photo_and_its_attributes_count_together(fused, fusion_model, shop):
    assert fused.ingest(shop, model=fusion_model).n_embedded == 4
    before = contents(fused)
    os.utime(shop.parent / "2.png", ns=(1, 1))
    shop.write_text(shop.read_text().replace("Green", "Navy Blue"))
    report = fused.ingest(shop)
    assert (report.n_stored, report.n_embedded, report.n_unchanged) == (1, 1, 3)
    touched = shop.parent / "3.png"
    os.utime(touched, ns=(1, 1))
    shop.write_text(shop.read_text().replace("Black", "Red"))
    assert fused.ingest(shop).n_embedded == 1, "a touched photo with other attributes"
    after = contents(fused)
    assert [i for i in before if after[i][3] != before[i][3]] == [i for i in before if i in ("s1", "s3")]
    assert fused.ingest(shop).n_unchanged == 4


def test_a_photo_that_comes_and_goes(fused, fusion_model, tmp_path):
    photo(tmp_path / "a.png")
    file = tmp_path / "items.jsonl"
    vectors = []
    for image in ("", "a.png", ""):
        file.write_text(json.dumps({"id": "a", "color": "Blue", "image": image}))
        assert fused.ingest(file, model=fusion_model).n_embedded == 1
        (stored,) = fused.store.scan(with_vectors=True)
        assert (stored.item.image is None) == (not image)
        vectors.append(stored.vector)
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-5)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-2)
