"""The public names, and what loading them costs."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
from source_tree import ROOT

import popdyn

NAMES = [
    "Network",
    "Neuron",
    "PopdynError",
    "Population",
    "Protocol",
    "Stimulus",
    "compare",
    "convert",
    "fit",
    "load",
    "map_parameters",
    "open",
    "open_campaign",
    "rates",
    "simulate",
]
HEAVY = {"numpy", "scipy", "numba", "xarray", "pandas", "matplotlib", "brian2", "sympy", "pydantic"}


def loaded_by(code: str) -> set[str]:
    """Heavy packages in memory after running `code` in a fresh interpreter."""
    ask = f"import sys\n{code}\nprint(*({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split("\n")[-2].split())


def test_the_public_names_are_these():
    assert popdyn.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_says_what_it_is(name):
    assert getattr(popdyn, name).__doc__
    assert name in dir(popdyn)


def test_an_unknown_name_is_refused_in_words():
    with pytest.raises(AttributeError, match="public names: Network"):
        _ = popdyn.lod


def test_the_version_is_the_one_that_is_released():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {popdyn.__version__}\n" in citation
    assert f"\n## {popdyn.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "popdyn.__version__"}


def test_importing_popdyn_loads_nothing_heavy():
    assert loaded_by("import popdyn") == set()


def test_asking_for_the_version_loads_nothing_heavy():
    assert loaded_by("from popdyn.cli import main; main(['--version'])") == set()


def test_reading_a_spec_loads_numpy_only():
    assert loaded_by("import popdyn; popdyn.load('examples/adapting_population.toml')") == {"numpy"}


def test_checking_a_spec_loads_no_theory():
    found = loaded_by("from popdyn.cli import main; main(['check', 'examples/adapting_population.toml'])")
    assert found <= {"numpy", "pydantic"}  # typer takes pydantic for the types of options


def test_brian2_stays_out_of_this_process():
    every = "import popdyn; [getattr(popdyn, name) for name in popdyn.__all__]"
    assert not loaded_by(every) & {"brian2", "sympy"}
