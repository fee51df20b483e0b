"""Every TOML block in the documentation loads, and the tables of docs/spec.md are what the code says."""

from __future__ import annotations

import re
import runpy
import shutil
import tomllib
from pathlib import Path

import pytest

from popdyn.spec import load
from popdyn.workflows.campaign import open_campaign_file

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```toml *(\S*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(mark, text, id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, (mark, text) in enumerate(FENCE.findall(page.read_text()))
]


def test_there_are_blocks_to_load():
    assert sum(not block.values[0] for block in BLOCKS) >= 3


@pytest.mark.parametrize(("mark", "text"), BLOCKS)
def test_block(mark, text, tmp_path):
    """A block marked `fragment` is a part of a spec: it only has to be TOML. A `campaign` has the example beside it."""
    document = tomllib.loads(text)
    if mark == "campaign":
        shutil.copy(ROOT / "examples" / "adapting_population.toml", tmp_path)
        (tmp_path / "campaign.toml").write_text(text)
        assert open_campaign_file(tmp_path / "campaign.toml").shape
    elif mark != "fragment":
        assert mark == ""
        assert load(document).populations


def test_the_tables_are_those_of_the_code():
    module = runpy.run_path(str(ROOT / "docs" / "spec_tables.py"))
    page = (ROOT / "docs" / "spec.md").read_text()
    assert {m[2] for m in module["BLOCK"].finditer(page)} == set(module["TABLES"])
    assert module["filled"](page) == page, "run: python docs/spec_tables.py"
