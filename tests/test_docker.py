"""The container files, as far as they can be held to their word without a container engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fashion_match
from fashion_match.cli import main, make_app

ROOT = Path(fashion_match.__file__).parents[1]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, with continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return dict(yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text()))


def last(name: str) -> str:
    return [rest for instruction, rest in instructions() if instruction == name][-1]


def test_the_base_is_pinned_and_the_user_has_no_rights() -> None:
    bases = {rest.split()[0] for instruction, rest in instructions() if instruction == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())
    (uid,) = re.findall(r"useradd .*--uid (\d+)", DOCKERFILE)
    assert last("USER") == uid != "0"


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    for instruction, rest in instructions():
        if instruction == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored


def test_its_commands_are_commands_of_fm(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert json.loads(last("ENTRYPOINT")) == ["fm"]
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "fm"
    for command in (json.loads(last("CMD")), [*check[1:], "--store", str(tmp_path / "store")], ["--version"]):
        assert main(command) == 0, command


def test_its_settings_are_settings_of_fm() -> None:
    from fashion_match.core.settings import Settings

    for name in re.findall(r"\bFM_(\w+)=", last("ENV")):
        assert name.lower() in Settings.model_fields


def test_the_server_is_pinned_healthy_and_kept_to_this_machine(compose: dict[str, Any]) -> None:
    server = compose["services"]["qdrant"]
    assert re.fullmatch(r"qdrant/qdrant:v\d+\.\d+\.\d+", server["image"])
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "${QDRANT_API_KEY:?" in server["environment"]["QDRANT__SERVICE__API_KEY"]
    assert {volume.partition(":")[0] for volume in server["volumes"]} <= compose["volumes"].keys()
    assert server["healthcheck"]["test"][0] == "CMD"


def test_the_client_understands_the_server(compose: dict[str, Any]) -> None:
    """The two may be one minor version apart."""
    from importlib.metadata import version

    major, minor = map(int, version("qdrant-client").split(".")[:2])
    server = re.findall(r"v(\d+)\.(\d+)", compose["services"]["qdrant"]["image"])[0]
    assert int(server[0]) == major
    assert abs(int(server[1]) - minor) <= 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("answer", "healthy"), [("200 OK", True), ("503 Service Unavailable", False), (None, False)])
def test_the_health_check_tells_ready_from_not_ready(
    compose: dict[str, Any], answer: str | None, healthy: bool
) -> None:
    server = f"""
        import socket
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        assert connection.recv(1000).startswith(b"GET /readyz HTTP/1.")
        connection.sendall(b"HTTP/1.1 {answer}\\r\\ncontent-length: 0\\r\\n\\r\\n")
        connection.close()
    """
    *_, script = compose["services"]["qdrant"]["healthcheck"]["test"]
    if answer is None:
        code = subprocess.run(["bash", "-c", script.replace("/6333", "/1")], capture_output=True, timeout=10).returncode
    else:
        code_of = "\n".join(line.strip() for line in server.strip().splitlines())
        with subprocess.Popen([sys.executable, "-c", code_of], stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            port = running.stdout.readline().strip()
            asked = script.replace("/6333", f"/{port}")
            code = subprocess.run(["bash", "-c", asked], capture_output=True, timeout=10).returncode
    assert (code == 0) is healthy


def test_fm_sees_photos_read_only_and_waits_for_the_server(compose: dict[str, Any]) -> None:
    client = compose["services"]["fm"]
    assert client["profiles"] == ["fm"]
    assert client["environment"]["FM_STORE"] == "http://qdrant:6333"
    assert client["depends_on"] == {"qdrant": {"condition": "service_healthy"}}
    assert any(volume.endswith(":/photos:ro") for volume in client["volumes"])
    assert (ROOT / "docker" / client["build"]["context"] / client["build"]["dockerfile"]).resolve().is_file()
    assert client["image"] == f"fashion-match:{fashion_match.__version__}"


def test_the_commands_in_the_text_are_commands_of_fm() -> None:
    import typer

    known = set(vars(typer.main.get_command(make_app()))["commands"])
    blocks = "".join(
        re.findall(r"^```\n(.*?)^```", (ROOT / "docker" / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    )
    told = re.findall(r"(?:^fm|run --rm fm|:ro fashion-match) (\w+)", blocks, re.MULTILINE)
    assert len(told) == 5
    assert set(told) <= known
