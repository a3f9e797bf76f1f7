"""``fm collect`` as it is typed: what it prints where, exit codes, a kill in the middle, and the reader after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from fashion_match import cli
from tests.web_site import Site, photo, sends, slow

OPEN = ["--allow-private", "--rate", "500", "--retries", "0"]


@pytest.fixture
def site():
    with Site({f"/{n}.jpg": photo(n) for n in range(12)}) as site:
        yield site


@pytest.fixture
def fm(capsys, monkeypatch, tmp_path):
    """Run ``fm`` in this process, in a folder of the test's own; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def write_table(site: Site, *names: str) -> None:
    rows = [f"{n},{site.url}/{name},Dress,Blue" for n, name in enumerate(names)]
    Path("shop.csv").write_text("\n".join(["sku,image_url,articleType,baseColour", *rows, ""]))


def test_collect_then_read(fm, site):
    write_table(site, "1.jpg", "2.jpg", "3.jpg")
    code, out, err = fm("collect", "shop.csv", "--out", "data", *OPEN)
    assert (code, err) == (0, "")
    assert "3 pictures seen = 3 stored + 0 duplicate + 0 unchanged + 0 refused + 0 failed" in out
    assert "`fm ingest data` reads it" in out
    code, out, _ = fm("readers", "check", "data", "--json")
    found = json.loads(out)
    assert (code, found["reader"], found["n_items"]) == (0, "table", 3)
    assert found["attributes"]["category"]["top"] == {"Dress": 3}
    assert found["attributes"]["color"]["top"] == {"Blue": 3}


def test_some_failures_give_exit_code_3_and_a_list(fm, site):
    write_table(site, "1.jpg", "gone.jpg")
    code, out, err = fm("collect", "shop.csv", "--out", "data", *OPEN)
    assert code == 3
    assert "1 stored" in out
    assert err.startswith("Missing: 1 http_error. Each is listed in data/provenance/failures.jsonl; --retry-failed")
    code, out, err = fm("collect", "shop.csv", "--out", "data", *OPEN, "--json")
    report = json.loads(out)
    assert (code, err) == (3, "")
    assert report["n_seen"] == sum(
        report[name] for name in ("n_stored", "n_duplicate", "n_unchanged", "n_refused", "n_failed")
    )
    assert (report["n_unchanged"], report["reasons"]) == (1, {"http_error": 1})
    site.answers["/gone.jpg"] = photo(5)
    assert fm("collect", "shop.csv", "--out", "data", *OPEN, "--retry-failed")[0] == 0


def test_this_computer_is_not_asked_unless_that_is_said(fm, site):
    write_table(site, "1.jpg")
    code, out, err = fm("collect", "shop.csv", "--out", "data")
    assert (code, site.asked) == (3, [])
    assert "1 refused" in out
    assert "1 forbidden_address" in err
    assert "--allow-private" in Path("data/provenance/failures.jsonl").read_text()


def test_a_page(fm, site):
    site.answers["/shop"] = sends(b"<img src=/1.jpg alt=Hat><img src=/2.jpg><img src=x.svg>", "text/html")
    code, out, _ = fm("collect", "--page", f"{site.url}/shop", "--out", "data", *OPEN, "--contact", "me@example.org")
    assert code == 0
    assert "2 stored" in out
    assert "skipped: 1 drawings" in out
    assert all(headers["User-Agent"].endswith("(+me@example.org)") for headers in site.headers)


def test_dry_run(fm, site):
    write_table(site, "1.jpg", "2.jpg")
    code, out, err = fm("collect", "shop.csv", "--out", "data", "--dry-run", *OPEN)
    assert code == 0
    assert out.splitlines()[0] == f"fetch  {site.url}/1.jpg (category Dress, color Blue)"
    assert err == "2 to fetch. Nothing was asked for or written.\n"
    code, out, _ = fm("collect", "shop.csv", "--out", "data", "--dry-run", "--json")
    assert [json.loads(line)["would"] for line in out.splitlines()] == ["fetch", "fetch"]
    assert site.asked == []
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "x"], "nothing to collect"),
        (["shop.csv"], "--out DIR"),
        (["nowhere.csv", "--out", "x"], "nowhere.csv"),
        (["http://a.example/", "--out", "x"], "Say --page http://a.example/"),
        (["page.html", "--out", "x"], "Say --page page.html"),
        (["shop.csv", "--page", "p.html", "--out", "x"], "two sources"),
        (["--page", "p.html", "--out", "x"], "p.html"),
        (["--page", "http://me:pw@a.example/", "--out", "x"], "user name"),
        (["--page", "p.html", "--base", "shop", "--out", "x"], "--base"),
        (["shop.csv", "--out", "."], "holds other things"),
        (["shop.csv", "--out", "shop.csv"], "no folder"),
        (["shop.csv", "--out", "x", "--column", "imageurl"], "Did you mean 'image_url'"),
        (["shop.csv", "--out", "x", "--set", "mapp=a"], "Did you mean 'map'"),
        (["shop.csv", "--out", "x", "--rate", "0"], "--rate"),
        (["shop.csv", "--out", "x", "--contact", "a b"], "--contact"),
        (["shop.csv", "--out", "x", "--timeout", "0"], "--timeout"),
        (["shop.csv", "--out", "x", "--max-mb", "nan"], "--max-mb"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(fm, site, arguments, told):
    write_table(site, "1.jpg")
    code, out, err = fm("collect", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") <= 2
    assert "Traceback" not in err
    assert not Path("x").exists()


def start(tmp_path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fashion_match", "collect", "shop.csv", "--out", "data", *OPEN, "--json"]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_kill_costs_what_was_in_flight_and_the_same_command_goes_on(fm, site, tmp_path, how):
    names = [f"{n}.jpg" for n in range(12)]
    site.answers |= {f"/{name}": slow(photo(n), 0.1) for n, name in enumerate(names)}
    write_table(site, *names)
    provenance = tmp_path / "data" / "provenance" / "provenance.jsonl"
    running = start(tmp_path)
    deadline = time.monotonic() + 30
    while not (provenance.exists() and provenance.read_bytes().count(b"\n") >= 4) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(running.pid, how)
    _, err = running.communicate(timeout=20)
    assert "Traceback" not in err
    assert running.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    stored = [json.loads(line) for line in provenance.read_bytes().splitlines()]
    assert 4 <= len(stored) < len(names)
    for entry in stored:
        data = (tmp_path / "data" / entry["file"]).read_bytes()
        assert sha256(data).hexdigest() == entry["sha256"]
    assert (tmp_path / "data" / "items.csv").exists() == (how == signal.SIGINT)
    code, out, _ = fm("collect", "shop.csv", "--out", "data", *OPEN, "--json")
    report = json.loads(out)
    assert (code, report["n_unchanged"], report["n_stored"]) == (0, len(stored), len(names) - len(stored))
    asked = Counter(site.paths())
    assert all(asked[f"/{Path(entry['address']).name}"] == 1 for entry in stored)
    assert max(asked.values()) <= 2
    assert len(list((tmp_path / "data" / "images").rglob("*.jpg"))) == len(names)
    assert len((tmp_path / "data" / "items.csv").read_text().splitlines()) == len(names) + 1
