"""The README's first screen is real: the contract, the command, and the timeline."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
README = (ROOT / "README.md").read_text()
CHECK_SECONDS = 110


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1]


def in_one_line(text):
    return re.sub(r"\s+", " ", text)


def test_the_contract_it_shows_is_the_demo_s_in_the_same_order():
    contract = (ROOT / "demo_project" / "claims" / "workflow.py").read_text()
    first, transition = block("python").split("    ...\n\n")
    assert first in contract
    assert transition in contract.partition(first)[2]


def test_its_command_is_one_the_contract_knows():
    name = re.search(r"claims/1/(\w+)/", block("sh"))[1]
    assert f"def {name}(self, cmd)" in block("python")


def test_two_commands_are_all_it_takes():
    set_up = README.partition("\n## Set up\n")[2].partition("\n## ")[0]
    assert re.findall(r"^make (\S+)", set_up, re.MULTILINE) == ["demo", "test"]


@pytest.mark.only_on("sqlite")
@pytest.mark.timeout(2 * CHECK_SECONDS)
def test_the_demo_keeps_its_promises_and_tells_the_timeline_the_readme_shows(tmp_path):
    ours = {"DJANGO_SETTINGS_MODULE": "demo_project.settings", "TMPDIR": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "manage.py", "demo", "--check"],
        cwd=ROOT,
        env=os.environ | ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    assert list(tmp_path.iterdir()) == []
    said = without_numbers(told.stdout)
    missing = [line for line in block("text").splitlines() if without_numbers(line) not in said]
    assert missing == []


def without_numbers(text):
    """Without what differs from one run to the next: times, and how often a slow machine tried."""
    return in_one_line(re.sub(r"\d\d:\d\d:\d\d|(?<=Attempt )\d+", "N", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_pages_leads_somewhere(page):
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []
