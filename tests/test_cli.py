"""The command line end to end: what it prints where, its exit codes, and what a user's mistakes are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from PIL import Image

from fashion_match import cli
from tests.drawn import N

RANDOM = ["--backbone", "mobilenet_v3_small", "--weights", "none", "--set", "backbone.image_size_px=64"]


@pytest.fixture
def fm(capsys, monkeypatch, tmp_path):
    """Run ``fm`` in this process, in a folder of the test's own; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def lines(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_story_of_the_readme(fm, tmp_path):
    drawn = ["drawn:photos", "--set", "n_styles=60", "--set", "views=2", "--set", "size_px=96"]
    code, out, _ = fm("ingest", *drawn, *RANDOM, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["n_seen"] == report["n_stored"] == N
    assert report["n_unchanged"] == report["n_failed"] == 0

    code, out, err = fm("query", "--color", "Blue", "--color", "grey", "--season", "Summer", "-k", 5, "--json")
    hits = lines(out)
    assert code == 0
    assert hits
    assert all(
        hit["attributes"]["color"] in ("Blue", "Grey") and hit["attributes"]["season"] == "Summer" for hit in hits
    )
    assert "color in Blue,Grey and season=Summer" in err

    picture = sorted((tmp_path / "photos").rglob("*.jpg"))[0]
    code, out, err = fm("query", picture, "--sheet", "sheet.png", "--html", "page.html", "--json")
    assert Path(lines(out)[0]["image"]).name == picture.name
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert "<html" in (tmp_path / "page.html").read_text()

    code, out, _ = fm("ingest", *drawn)
    assert code == 0
    assert f"0 stored + {N} unchanged + 0 failed" in out


def test_tables_go_to_standard_output_with_their_heading(fm, stored):
    code, out, err = fm("query", "--color", "Blue", "--store", stored)
    assert code == 0
    assert out.splitlines()[0].endswith("matching items")
    assert "Blue" in out
    assert err == ""


def test_some_failures_give_exit_code_3_and_a_report(fm, photos, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(sorted(photos.rglob("*.jpg"))[0].read_bytes())
    (folder / "bad.jpg").write_text("no picture")
    code, out, err = fm("ingest", folder, *RANDOM)
    assert code == 3
    assert "1 stored + 0 unchanged + 1 failed" in out
    assert "1 not_an_image" in err
    file = tmp_path / "fm-data" / "failures" / "default.jsonl"
    assert str(file.relative_to(tmp_path)) in err
    assert lines(file.read_text())[0]["file"].endswith("bad.jpg")
    code, _, err = fm("ingest", folder, "--strict")
    assert (code, err.count("\n")) == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["ingest", "nowhere"], 2, "nowhere"),
        (["ingest", ".", "--reader", "fodlers"], 2, "Did you mean 'folders'"),
        (["ingest", "drawn:p", "--set", "n_stlyes=3"], 2, "Did you mean 'n_styles'"),
        (["ingest", "drawn:p", "--set", "n_styles=many"], 2, "n_styles"),
        (["ingest", "drawn:p", "--set", "n_styles"], 2, "KEY=VALUE"),
        (["ingest", "drawn:p", "--backbone", "resnet5O", "--weights", "none"], 2, "Did you mean 'resnet50'"),
        (["ingest", "drawn:p", "--weights", "missing.pth"], 4, "missing.pth"),
        (["ingest", "drawn:p", "--model", "missing"], 4, "missing"),
        (["ingest", "drawn:p", "--collection", "a/b"], 5, "a/b"),
        (["ingest", "drawn:p", *RANDOM, "--precision", "fp8"], 2, "fp8"),
        (["ingest", "drawn:p", *RANDOM, "--device", "cuda:7"], 2, "cuda:7"),
        (["ingest", "drawn:p", *RANDOM, "--engine", "tensorrt"], 2, "tensorrt"),
        (["query", "--color", "Blue"], 5, "fm ingest"),
        (["query"], 2, "asks for nothing"),
        (["query", "--color", "Blue", "--store", "ftp://x"], 5, "ftp://x"),
        (["items", "list", "--collection", "nope"], 5, "nope"),
        (["collections", "delete", "nope", "--yes"], 5, "nope"),
        (["plugins", "show", "trplet"], 2, "trplet"),
        (["readers", "check", "nowhere"], 2, "nowhere"),
        (["querry"], 2, "querry"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(fm, arguments, code, told):
    got, out, err = fm(*arguments)
    assert (got, out) == (code, "")
    assert told in err
    assert "Traceback" not in err
    if arguments != ["querry"]:  # the parser's own message brings the usage line
        assert err.count("\n") <= 2


def test_wrong_values_are_told_by_their_nearest_spelling(fm, stored):
    assert "Did you mean 'Blue'" in fm("query", "--color", "Bleu", "--store", stored)[2]
    assert fm("query", "--where", "colr=Blue", "--store", stored)[0] == 2


def test_items_are_listed_shown_counted_exported_and_deleted(fm, own_store, tmp_path):
    at = ["--store", own_store]
    listed = lines(fm("items", "list", "-n", 5, "--json", *at)[1])
    assert len(listed) == 5
    shown = lines(fm("items", "show", listed[0]["id"], "--json", *at)[1])
    assert shown == [listed[0]]
    counted = json.loads(fm("items", "count", "color", "--json", *at)[1])
    assert counted["n_items"] == N
    assert sum(n for _, n in counted["facets"]["color"]) == N
    assert fm("items", "export", "out.parquet", "--vectors", *at)[0] == 0
    assert fm("items", "export", "out.jsonl", "--where", "price>0", *at)[0] == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == N
    assert fm("items", "export", "out.txt", *at)[0] == 2
    assert fm("items", "delete", listed[0]["id"], "--yes", *at)[0] == 0
    assert json.loads(fm("items", "count", "--json", *at)[1])["n_items"] == N - 1
    assert fm("items", "delete", "no-such", "--yes", *at)[0] == 2


def test_an_export_is_read_back_as_the_same_items(fm, stored, tmp_path):
    for name in ("out.jsonl", "out.parquet"):
        assert fm("items", "export", name, "--store", stored)[0] == 0
        code, out, _ = fm("readers", "check", name, "--json", "--set", "allow_outside=true")
        assert code == 0
        assert json.loads(out)["n_items"] == N


def test_collections_are_listed_described_and_deleted(fm, own_store):
    at = ["--store", own_store]
    assert [c["name"] for c in lines(fm("collections", "list", "--json", *at)[1])] == ["default"]
    described = json.loads(fm("collections", "show", "default", "--json", *at)[1])
    assert described["n_items"] == N
    assert described["kinds"]["price"] == "float"
    assert fm("collections", "delete", "default", "--yes", *at)[0] == 0
    code, _, err = fm("query", "--color", "Blue", *at)
    assert code == 5
    assert "fm ingest" in err


def test_deleting_asks_first(fm, own_store, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert fm("collections", "delete", "default", "--store", own_store)[0] == 2
    assert fm("collections", "show", "default", "--store", own_store)[0] == 0


def test_plugins_are_listed_shown_and_checked(fm):
    packages = {package["name"]: package for package in lines(fm("plugins", "--json")[1])}
    assert "fm_register_readers" in packages["readers"]["hooks"]
    assert "resnet50" in packages["torchvision_backbones"]["registered"]["backbones"]
    options = {o["option"]: o for o in lines(fm("plugins", "show", "drawn", "--json")[1])[0]["options"]}
    assert options["n_styles"]["type"] == "int"
    code, out, _ = fm("plugins", "check", "similar", "--json")
    assert code == 0
    assert {result["outcome"] for result in lines(out)} <= {"passed", "skipped"}


def test_the_doctor_finds_a_healthy_store_and_a_lost_model(fm, own_store):
    findings = {f["check"]: f for f in lines(fm("doctor", "--json", "--store", own_store)[1])}
    assert findings["model of default"]["state"] == "ok"
    weights = next((own_store / "models").glob("*/weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    code, out, _ = fm("doctor", "--json", "--store", own_store)
    assert code == 5
    assert any(f["state"] == "wrong" and f["remedy"] for f in lines(out))


def test_a_second_process_is_told_who_holds_the_store(fm, own_store, monkeypatch):
    monkeypatch.setenv("FM_LOCK_TIMEOUT_S", "0.2")
    code = (
        "import sys; from fashion_match import Catalogue\n"
        f"c = Catalogue({str(own_store)!r}); c.count(); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        got, _, err = fm("query", "--color", "Blue", "--store", own_store)
        assert got == 5
        assert str(child.pid) in err
        held = [f for f in lines(fm("doctor", "--json", "--store", own_store)[1]) if f["check"] == "lock"]
        assert str(child.pid) in held[0]["found"]
        assert child.stdin is not None
        child.stdin.close()
    assert fm("query", "--color", "Blue", "--store", own_store)[0] == 0


def test_ctrl_c_leaves_a_store_that_goes_on(tmp_path, own_store, photos):
    command = [sys.executable, "-m", "fashion_match", "ingest", "drawn:many", "--store", "store"]
    command += [*RANDOM, "--set", "n_styles=3000", "--set", "size_px=64"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ}) as child:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "many").rglob("*.jpg"))) < 400 and time.monotonic() < deadline:
            time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert "goes on from there" in err


def test_a_garment_is_described_and_found_without_any_photo(fm, fusing, fusion_model, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "Plugins", lambda: fusing)
    colors = ["Blue", "Red", "Navy Blue", "Green"]
    items = [{"item_id": f"i{n}", "color": color, "season": "Autumn"} for n, color in enumerate(colors)]
    (tmp_path / "outfits").mkdir()
    (tmp_path / "outfits" / "data.json").write_text(json.dumps({"items": items}))
    source = ["outfits", "--reader", "outfits"]
    code, out, err = fm("ingest", *source, "--model", fusion_model)
    assert (code, err) == (0, "")
    assert "4 stored + 0 unchanged + 0 failed" in out
    assert "4 items embedded" in out
    assert "0 stored + 4 unchanged + 0 failed" in fm("ingest", *source)[1]

    reports = ["--sheet", "sheet.png", "--html", "page.html"]
    code, out, _ = fm("query", "--describe", "color=blue", "--describe", "season=autumn", "-k", 2, *reports)
    assert code == 0
    assert out.splitlines()[0] == "2 hits like color=Blue season=Fall, by cosine to the anchor"
    assert out.splitlines()[3].split()[:2] == ["1.000", "i0"]
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert "no photo" in (tmp_path / "page.html").read_text()

    Image.new("RGB", (40, 50), "navy").save(tmp_path / "navy.png")
    _, _, err = fm("query", "navy.png", "--describe", "color=Navy Blue", "--season", "Fall", "--json")
    assert "like navy.png and color=Navy Blue with season=Fall" in err

    exported = lines((fm("items", "export", "out.jsonl"), tmp_path / "out.jsonl")[1].read_text())
    assert all("image" not in row for row in exported)
    assert fm("items", "export", "out.parquet")[0] == 0
    assert json.loads(fm("readers", "check", "out.parquet", "--json")[1])["n_without_photo"] == 4

    for wrong, told in (("color", "KEY=VALUE"), ("color=", "KEY=VALUE"), ("size=XL", "does not look at 'size'")):
        code, out, err = fm("query", "--describe", wrong)
        assert (code, out) == (2, "")
        assert told in err
    assert "two values of color" in fm("query", "--describe", "color=Blue", "--describe", "color=Red")[2]


def test_help_and_version(fm):
    assert fm("--version")[1].startswith("fm ")
    for command in ("ingest", "query", "items", "collections", "readers", "plugins", "doctor"):
        code, out, _ = fm(command, "--help")
        assert code == 0
        assert "--help" in out


def test_a_plugin_adds_commands_but_replaces_none(fm, monkeypatch):
    import typer

    from fashion_match import Plugins, hookimpl

    module = types.ModuleType("hello_plugin")

    @hookimpl
    def fm_register_commands(app: typer.Typer) -> None:
        app.command("hello")(lambda: typer.echo("hello"))
        app.command("query")(lambda: typer.echo("hijacked"))

    module.fm_register_commands = fm_register_commands  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hello_plugin", module)
    entry = EntryPoint(name="hello", value="hello_plugin", group="fashion_match")
    monkeypatch.setattr(cli, "Plugins", lambda: Plugins(installed=[entry]))
    code, out, err = fm("hello")
    assert (code, out) == (0, "hello\n")
    assert "query is left out" in err
    assert fm("query")[0] == 2


def test_a_reader_that_has_seen_enough_is_no_error(stored):
    command = [sys.executable, "-m", "fashion_match", "items", "list", "-n", "1000", "--json", "--store", str(stored)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.close()
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
