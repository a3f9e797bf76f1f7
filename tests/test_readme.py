"""The README's Python is run, and what it prints is compared with what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_example_prints_what_it_says(tmp_path):
    blocks = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", README.read_text(), re.DOTALL)
    assert blocks is not None
    code, expected = blocks.groups()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == expected


def test_every_link_leads_somewhere():
    for page in [README, *(README.parent / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_exists():
    from fashion_match.cli import make_app

    known = {command.name or command.callback.__name__ for command in make_app().registered_commands}
    known |= {group.name for group in make_app().registered_groups}
    for page in [README, *(README.parent / "docs").glob("*.md")]:
        for name in re.findall(r"(?:^|`)fm ([a-z]+)", page.read_text(), re.MULTILINE):
            assert name in known, f"{page.name}: fm {name}"
