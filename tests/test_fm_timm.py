"""The example package as a user gets it: installed with pip in a fresh environment, beside a broken package."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

import fashion_match

EXAMPLE = Path(fashion_match.__file__).parents[1] / "examples" / "fm-timm"

BROKEN = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "fm-broken"
        version = "0.0.1"

        [project.entry-points.fashion_match]
        broken = "fm_broken"
    """,
    "fm_broken.py": "import a_library_that_nobody_has\n",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment that holds fm-timm and a broken package, layered over the one of the tests."""
    for needed in ("timm", "hatchling"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    root = tmp_path_factory.mktemp("fresh")
    shutil.copytree(EXAMPLE, root / "fm-timm")
    (root / "fm-broken").mkdir()
    for name, text in BROKEN.items():
        (root / "fm-broken" / name).write_text("\n".join(line.strip() for line in text.splitlines()))
    venv.create(root / "env", with_pip=True, symlinks=True)
    python = root / "env" / "bin" / "python"
    (site,) = (root / "env").glob("lib/python*/site-packages")
    below = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "below.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(below)))
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    run(python, "-m", "pip", "install", *offline, str(root / "fm-timm"), str(root / "fm-broken"))
    return python


def run(python: Path, *arguments: str, cwd: Path | None = None) -> str:
    done = subprocess.run([python, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fm(python: Path, *arguments: str, cwd: Path | None = None) -> str:
    return run(python, "-c", "import sys; from fashion_match.cli import main; sys.exit(main())", *arguments, cwd=cwd)


def test_the_good_one_is_listed_and_used_and_the_broken_one_explained(python: Path, tmp_path: Path) -> None:
    packages = {package["name"]: package for package in map(json.loads, fm(python, "plugins", "--json").splitlines())}
    good, broken = packages["timm"], packages["broken"]
    assert good["error"] is None
    assert good["version"] == "0.1.0"
    assert good["registered"] == {"backbones": ["timm"]}
    assert broken["error"] == "ModuleNotFoundError: No module named 'a_library_that_nobody_has'"
    assert broken["version"] == "0.0.1"
    assert packages["readers"]["error"] is None, "what is built in is not disturbed"

    (shown,) = map(json.loads, fm(python, "plugins", "show", "timm", "--json").splitlines())
    assert {option["option"] for option in shown["options"]} == {"model", "image_size_px"}

    # An ingest of drawn garments with a timm network, then a query of what it made.
    drawn = ("drawn:garments", "--set", "n_styles=4", "--set", "views=1", "--set", "size_px=64")
    network = ("--set", "backbone.model=resnet10t", "--set", "backbone.image_size_px=64")
    report = json.loads(
        fm(python, "ingest", *drawn, "--backbone", "timm", "--weights", "none", *network, "--json", cwd=tmp_path)
    )
    assert (report["n_stored"], report["n_failed"]) == (4, 0)
    photos = {photo.stem for photo in (tmp_path / "garments").glob("*.jpg")}
    anchor = min(photos)
    hits = [json.loads(line) for line in fm(python, "query", "--like", anchor, "--json", cwd=tmp_path).splitlines()]
    assert {hit["id"] for hit in hits} == photos - {anchor}


@pytest.mark.slow
def test_its_own_tests_pass(python: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    told = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "resnet10t or spelling", cwd=tmp_path)
    assert "2 passed" in told
