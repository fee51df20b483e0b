"""The documentation does what it says: commands, code, specs, symbols, links, evidence."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import numpy as np
import pytest
from source_tree import LIBRARY, ROOT, relative

from popdyn import neurons, stimuli
from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.rungs.cascade_parameters import fitted
from popdyn.rungs.density import Density
from popdyn.rungs.families import FAMILIES, of_unit
from popdyn.spec import connection, drive, load, network, neuron, synapse
from popdyn.stimuli import KINDS, TARGET
from popdyn.workflows.campaign import open_campaign_file
from popdyn.workflows.campaign_jobs import planned_jobs

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = ROOT / "README.md"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(path), flags=re.M | re.S)


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the table under a heading, without its head."""
    section = text(ROOT / "docs" / page).partition(f"{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_readme_has_two_commands_of_one_line():
    found = blocks(README, "sh")
    assert len(found) == 2
    assert all(block.count("\n") == 1 for block in found)
    assert "popdyn convert examples/" in found[0]
    assert found[1].rstrip().endswith("pytest")


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_spec_loads(page):
    for block in blocks(page, "toml"):
        assert load(tomllib.loads(block)).populations


CAMPAIGNS = [block for page in PAGES for block in blocks(page, "toml campaign")]


@pytest.mark.parametrize("block", CAMPAIGNS)
def test_every_campaign_is_read(block, tmp_path):
    shutil.copy2(ROOT / "examples" / "adapting_population.toml", tmp_path)
    (tmp_path / "campaign.toml").write_text(block, "utf-8")
    assert open_campaign_file(tmp_path / "campaign.toml").size > 1


def test_the_example_of_a_campaign_takes_under_a_minute():
    campaign = open_campaign_file(ROOT / "examples" / "campaigns" / "adaptation.toml")
    jobs = planned_jobs(campaign)
    assert len(jobs) == 12
    assert sum(one.task.cpu_s for one in jobs) < 60  # on one core, by the cost model


def test_the_readme_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.toml").write_text(blocks(README, "toml")[0], encoding="utf-8")
    (code,) = blocks(README, "python")
    exec(code, {})
    out = capsys.readouterr().out
    expected = Density(load("network.toml")).rates()["E"]
    said, shown = (re.search(r"'rate': ([\d.]+)", words)[1] for words in (out, code))
    assert float(said) == pytest.approx(expected)
    assert said.startswith(shown)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        if not target.startswith("http"):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_file_that_is_named_exists(page):
    example = {"popdyn/neurons/pif.py", "popdyn/stimuli/exponential.py", "popdyn/cli/NAME.py"}
    example |= {"tests/neurons/test_pif.py", "tests/stimuli/test_exponential.py"}
    for path in re.findall(r"`((?:popdyn|tests|docs|benchmarks|examples)/[\w./-]+\.\w+)`", text(page)):
        assert path in example or (ROOT / path).is_file(), path


def unit_of(parameter: Parameter) -> str:
    return "of the target" if parameter.unit == TARGET else parameter.unit


def where(parameters: dict[str, list[Parameter]]) -> list[list[str]]:
    """symbol, meaning, unit, where: one row per parameter, in the order in which they appear."""
    found: dict[tuple[str, ...], list[str]] = {}
    for place, entries in parameters.items():
        for p in entries:
            found.setdefault((f"`{p.name}`", p.doc, unit_of(p)), []).append(place)
    return [[*key, ", ".join(places)] for key, places in found.items()]


def test_symbols_of_the_neurons():
    table = where({name: [*model.keys, neuron.TAU_M] for name, model in MODELS.items()})
    assert sorted(rows("symbols.md", "## Neurons")) == sorted(table)


def test_symbols_of_the_drive():
    table = where({"noise": [drive.MU["V/s"], drive.SIGMA["V/sqrt(s)"]], "poisson": [drive.NU]})
    assert rows("symbols.md", "## Drive") == table
    fields = [*dataclasses.fields(network.WhiteNoise), *dataclasses.fields(network.PoissonDrive)]
    elsewhere = {"`J`", "`K`", "`synapse`"}
    assert {row[0] for row in table} == {f"`{field.name}`" for field in fields} - elsewhere


def test_symbols_of_the_connections():
    """J of a conductance is in S; every number of a synapse or a connection has a row."""
    table = where({"connections": [synapse.J, synapse.DELAY, *synapse.EVERY, connection.P]})
    found = rows("symbols.md", "## Connections")
    assert found[: len(table)] == table
    assert [row[2] for row in found[len(table) :]] == ["1", "1"]
    fields = [*dataclasses.fields(network.Synapse), *dataclasses.fields(network.Connection)]
    assert {row[0] for row in found} == {f"`{field.name}`" for field in fields if field.type in ("int", "float")}


def test_symbols_of_the_stimuli():
    assert rows("symbols.md", "## Stimuli") == where({name: list(kind.parameters) for name, kind in KINDS.items()})


def test_symbols_of_populations_and_protocols():
    numbers = ("int", "float")
    expected = {
        (f"`{field.name}`", cls.__name__)
        for cls in (network.Population, network.Initial, network.Protocol)
        for field in dataclasses.fields(cls)
        if field.type in numbers
    }
    assert {(row[0], row[3]) for row in rows("symbols.md", "## Populations and protocols")} == expected


def test_symbols_of_the_unit():
    assert rows("symbols.md", "## The rate unit") == [
        [f"`{p.name}`", p.doc, p.unit, "unit"] for p in {**fitted(1), **fitted(1, spread=True)}.values()
    ]


def test_symbols_of_the_simple_rate_units():
    found: dict[tuple[str, ...], list[str]] = {}
    for family in FAMILIES.values():
        for p in of_unit(family, 1, varying_tau=True, varying_sigma=True):
            row = (f"`{re.sub('_1$', '_j', p.name)}`", p.doc, p.unit_in("V/s", "V/sqrt(s)"))
            found.setdefault(row, []).append(family.name)
    table = rows("symbols.md", "## Simple rate units")
    assert sorted(table) == sorted([*row, ", ".join(where)] for row, where in found.items())


def test_one_symbol_has_one_meaning_and_one_unit():
    headings = (
        "## Neurons",
        "## Drive",
        "## Connections",
        "## Stimuli",
        "## Populations and protocols",
        "## The rate unit",
        "## Simple rate units",
    )
    symbols = [row[0] for heading in headings for row in rows("symbols.md", heading)]
    twice = {"`alpha`"}  # docs/decisions/0006-networks-as-data.md
    assert {symbol for symbol in symbols if symbols.count(symbol) > 1} == twice


COLUMNS = 8


def evidence() -> list[list[str]]:
    return rows("verification.md", "# Verification")


@pytest.mark.parametrize("row", evidence(), ids=lambda row: row[0][:40])
def test_a_claim_has_its_evidence_or_says_that_it_has_none(row):
    assert len(row) == COLUMNS
    what, bar, figure, command, commit, date, _seeds, cost = row
    assert what
    assert bar
    if figure == "–":
        assert row[2:] == ["–"] * 6
        return
    assert re.search(r"\d", figure)
    assert re.fullmatch(r"(`[^`]+`[,; ]*)+", command)
    assert re.fullmatch(r"[0-9a-f]{7,40}", commit)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)
    assert re.search(r"\d", cost)


def recipe(index: int, name: str) -> types.ModuleType:
    """The code of a recipe of how_to_add.md as a module."""
    module = types.ModuleType(name)
    exec(compile(blocks(ROOT / "docs" / "how_to_add.md", "python")[index], name, "exec"), module.__dict__)
    return module


PERFECT = {
    "schema": 1,
    "populations": {
        "E": {
            "size": 1000,
            "neuron": {"model": "pif", "V_th": "-50 mV", "V_reset": "-70 mV"},
            "noise": {"mu": "0.5 mV/ms", "sigma": "1 mV/sqrt(ms)"},
            "initial": {"V": "-60 mV"},
        }
    },
    "protocols": {"test": {"duration": "400 ms", "transient": "200 ms"}},
}
SHAPE = {"kind": "exponential", "at": "100 ms", "amplitude": "0.2 mV/ms", "tau": "50 ms"}
DECAYING = {
    **PERFECT,
    "protocols": {
        "test": {
            "duration": "400 ms",
            "transient": "200 ms",
            "stimulus": [{"population": "E", "target": "mu", **SHAPE}],
        }
    },
}


def test_the_recipe_of_a_neuron_model_gives_its_exact_rate(monkeypatch):
    model = recipe(0, "pif").MODEL
    monkeypatch.setitem(neurons.MODELS, model.name, model)
    assert Density(load(PERFECT)).rates()["E"] == pytest.approx(500.0 / 20.0, rel=1e-3)


def test_the_recipe_of_a_stimulus_is_heard(monkeypatch):
    for index, registry in enumerate((neurons.MODELS, stimuli.KINDS)):
        module = recipe(index, "toy")
        entry = getattr(module, "MODEL", None) or module.KIND
        monkeypatch.setitem(registry, entry.name, entry)
    wave = stimuli.waveforms(load(DECAYING).protocols["test"], "E", "mu")
    assert wave(np.array([0.05, 0.1, 0.15])) == pytest.approx([0.0, 0.2, 0.2 * np.exp(-1.0)])
    assert wave.breakpoints == pytest.approx([0.1])


SPIKE = """
import sys
from popdyn.ground_truth import simulate
from popdyn.spec import load
truth = simulate(load(sys.argv[1]), "test", backend="numpy", dt=1e-4, groups=2)
print(float(truth["rate"].sel(time=slice(0.0, None)).mean()))
"""


def add_to(folder: Path, name: str, entry: str, index: int) -> None:
    """A recipe's file and its registry line."""
    (folder / f"{name}.py").write_text(blocks(ROOT / "docs" / "how_to_add.md", "python")[index], "utf-8")
    home = folder / "__init__.py"
    line = f'    "{name}": {name}.{entry},'
    registered = re.sub(rf"^({entry}S: dict.*{{)$", rf"\1\n{line}", text(home), flags=re.M)
    imported = registered.replace(f"from popdyn.{folder.name} import ", f"from popdyn.{folder.name} import {name}, ", 1)
    home.write_text(imported, "utf-8")


def test_the_recipes_walked_in_a_copy_of_the_library_spike(tmp_path):
    """File, registry line, and a ground truth whose workers import the copy, too."""
    copy = tmp_path / "popdyn"
    shutil.copytree(LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    add_to(copy / "neurons", "pif", "MODEL", 0)
    add_to(copy / "stimuli", "exponential", "KIND", 1)
    (tmp_path / "spec.json").write_text(json.dumps(DECAYING), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", SPIKE, "spec.json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # (0.5 * 400 + 0.2 * 50) mV / 20 mV in 0.4 s; s.d. sigma sqrt(T)/20 mV spikes per neuron: 0.08 Hz for the mean of
    # 1000 neurons, 5 s.d.: 6e-7
    assert float(done.stdout) == pytest.approx(26.25, abs=0.4)
