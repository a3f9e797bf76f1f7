"""The embedded store on disk: what is there, what is damaged, who holds it, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fashion_match.core.error import StoreError
from fashion_match.core.store.folder import FolderLocation
from fashion_match.core.store.location import holder, open_location
from fashion_match.core.where import Where

from .conftest import make_item, make_point, make_spec, make_vector

HERE = (
    "from tests.core.store.conftest import *; from tests.core.store.conftest import make_item, make_point, make_spec\n"
)


@pytest.fixture
def location(tmp_path: Path) -> FolderLocation:
    return FolderLocation(tmp_path / "store", lock_timeout_s=0.1)


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HERE + textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def test_everything_of_a_collection_lies_in_one_folder(location: FolderLocation, tmp_path: Path) -> None:
    location.create("default", make_spec()).close()
    home = tmp_path / "store" / "collections" / "default"
    assert {path.name for path in home.iterdir()} == {"collection.json", "shard", "lock"}
    assert json.loads((home / "collection.json").read_text())["fingerprint"] == "f1"
    assert location.library == tmp_path / "store" / "models"
    location.drop("default")
    assert not home.exists()


def test_reading_names_and_specs_makes_nothing_takes_no_lock_and_imports_no_engine(
    location: FolderLocation, tmp_path: Path
) -> None:
    assert open_location(str(tmp_path / "nowhere"), cache=tmp_path).names() == []
    assert not (tmp_path / "nowhere").exists()
    store = location.create("default", make_spec())
    code = """
        import sys
        from pathlib import Path
        from fashion_match.core.store.location import holder, open_location
        location = open_location(sys.argv[1], cache=Path())
        print(location.names(), location.spec("default").dim, holder(location, "default").pid)
        print([name for name in ("qdrant_edge", "qdrant_client", "numpy", "torch") if name in sys.modules])
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), location.address], capture_output=True, text=True, check=True
    )
    assert told.stdout == f"['default'] 8 {os.getpid()}\n[]\n"
    store.close()


def test_a_second_opener_is_told_who_holds_it_and_served_when_it_is_free(location: FolderLocation) -> None:
    location.create("default", make_spec()).close()
    other = python(
        """
        import sys, time
        store = FolderLocation(Path(sys.argv[1])).open("default")
        print("open", flush=True)
        time.sleep(60)
        """,
        location.address,
    )
    assert other.stdout
    assert other.stdout.readline() == "open\n"
    try:
        with pytest.raises(StoreError) as refused:
            location.open("default")
        assert f"process {other.pid}" in refused.value.problem
        assert "since 20" in refused.value.problem
        assert "-c" in refused.value.problem
        assert "Wait for it to end" in refused.value.remedy
        for ask in (location.drop, lambda name: location.create(name, make_spec())):
            with pytest.raises(StoreError, match=str(other.pid)):
                ask("default")
        held = holder(location, "default")
        assert held is not None
        assert held.pid == other.pid
        assert location.spec("default").dim == 8
    finally:
        other.kill()
        other.wait()
    assert holder(location, "default") is None
    location.open("default").close()


def test_a_second_opener_waits_for_the_first(location: FolderLocation) -> None:
    first = location.create("default", make_spec())
    code = """
        import sys, time
        FolderLocation(Path(sys.argv[1]), lock_timeout_s=30).open("default").close()
        print("served")
    """
    other = python(code, location.address)
    time.sleep(1)
    assert other.poll() is None
    first.close()
    assert other.communicate(timeout=30)[0] == "served\n"


def test_the_same_process_is_told_that_it_has_it_open_already(location: FolderLocation) -> None:
    store = location.create("default", make_spec())
    with pytest.raises(StoreError, match="this process"):
        location.open("default")
    location.close()
    with pytest.raises(StoreError, match="closed"):
        store.count()
    location.open("default").close()


def test_a_kill_loses_nothing_that_was_acknowledged(location: FolderLocation) -> None:
    writer = python(
        """
        import sys
        store = FolderLocation(Path(sys.argv[1])).create("default", make_spec())
        store.ensure({"price": "integer"})
        for batch in range(100_000):
            store.upsert([make_point(make_item(f"{batch}-{n}", price=batch)) for n in range(16)])
            print(batch, flush=True)
        """,
        location.address,
    )
    assert writer.stdout
    for _ in range(25):
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    acknowledged = max([acknowledged, *map(int, writer.stdout.read().split("\n")[:-1])])
    store = location.open("default")
    for batch in range(acknowledged + 1):
        assert store.count(Where.equal("price", batch)) == 16
    assert store.count() - 16 * (acknowledged + 1) in range(17)  # at most the batch under way
    assert store.nearest(make_vector("7-3"), k=1)[0].item == make_item("7-3", price=7)
    store.upsert([make_point(make_item("after", price=1))])
    store.close()


def test_what_is_never_closed_is_closed_at_the_end_of_the_program(location: FolderLocation) -> None:
    writer = python(
        """
        import sys
        store = FolderLocation(Path(sys.argv[1])).create("default", make_spec())
        store.upsert([make_point(make_item("1"))])
        """,
        location.address,
    )
    assert writer.communicate()[0] == ""
    store = location.open("default")
    assert store.fetch(["1"])[0].item.id == "1"
    store.close()


def test_a_creation_that_was_killed_stands_in_nobodys_way(location: FolderLocation, tmp_path: Path) -> None:
    location.create("default", make_spec()).close()
    spec_file = tmp_path / "store" / "collections" / "default" / "collection.json"
    spec_file.rename(spec_file.with_name(".collection.json.unfinished"))
    assert location.names() == []
    with pytest.raises(StoreError, match="no collection"):
        location.open("default")
    store = location.create("default", make_spec(dim=3))
    store.upsert([make_point(make_item("1"), vector=[1.0, 2.0, 3.0])])
    store.close()
    assert location.names() == ["default"]


@pytest.mark.parametrize("damage", ["", "{", '{"dim": 8}', '{"dim": 8, "fingerprint": "f", "unheard": 1}', "\xff\xfe"])
def test_a_damaged_spec_is_told_and_can_be_removed(location: FolderLocation, tmp_path: Path, damage: str) -> None:
    location.create("default", make_spec()).close()
    (tmp_path / "store" / "collections" / "default" / "collection.json").write_bytes(damage.encode("latin-1"))
    for ask in (location.spec, location.open):
        with pytest.raises(StoreError) as refused:
            ask("default")
        assert "collection.json" in refused.value.problem
        assert "fm collections delete default" in refused.value.remedy
    location.drop("default")
    location.create("default", make_spec()).close()


@pytest.mark.parametrize("damage", ["no shard", "no segment", "no config", "garbled"])
def test_a_damaged_shard_is_told(location: FolderLocation, tmp_path: Path, damage: str) -> None:
    store = location.create("default", make_spec())
    store.upsert([make_point(make_item(str(n))) for n in range(50)])
    store.close()
    shard = tmp_path / "store" / "collections" / "default" / "shard"
    segment = next((shard / "segments").iterdir())
    if damage == "no shard":
        shard.rename(tmp_path / "elsewhere")
    elif damage == "no segment":
        (segment / "segment.json").unlink()
    elif damage == "no config":
        (shard / "edge_config.json").write_text("{")
    else:
        (segment / "segment.json").write_text("{")
    with pytest.raises(StoreError) as refused:
        location.open("default")
    assert "damaged" in refused.value.problem
    assert "fm collections delete" in refused.value.remedy
    assert holder(location, "default") is None


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        open_location(str(tmp_path / "file"), cache=tmp_path)
    below = open_location(str(tmp_path / "file" / "below"), cache=tmp_path)
    assert below.names() == []
    with pytest.raises(StoreError, match="cannot be written"):
        below.create("default", make_spec())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(location: FolderLocation, tmp_path: Path) -> None:
    location.create("default", make_spec()).close()
    home = tmp_path / "store" / "collections" / "default"
    (home / "lock").chmod(0o400)
    with pytest.raises(StoreError, match="cannot be written"):
        location.open("default")
