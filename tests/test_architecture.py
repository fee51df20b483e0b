"""The house style's numbers and walls, read off the source so that they cannot rot.

import-linter holds the layers; here stands what it does not see.
"""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import importlib
import pkgutil
import re
import sys
import tomllib
from types import ModuleType
from typing import Any

import pytest
from source_tree import FILES, LIBRARY, MODULES, ROOT, functions, imports, module_name, relative, tree

from popdyn import cli, neurons, stimuli
from popdyn.neurons import MODELS, NeuronModel
from popdyn.rungs import families
from popdyn.rungs.families import FAMILIES, Family
from popdyn.stimuli import KINDS, StimulusKind
from popdyn.theory.problem import CLOSURES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LOOK_AGAIN, HARD_LIMIT = 300, 500
LONG_FILES: dict[str, str] = {}
LONGEST_FUNCTION = 40
LONGEST_KERNEL = 55  # scalar loops over cells say in five lines what an array expression says in one

KERNELS_MAY_IMPORT = {"__future__", "math", "typing", "numpy", "numba"}
VECTORS_MAY_IMPORT = KERNELS_MAY_IMPORT | {"collections", "functools", "operator", "llvmlite"}  # numba's own compiler
KERNEL_CACHE_MAY_IMPORT = KERNELS_MAY_IMPORT | {"hashlib", "os", "pathlib"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "yaml", "sympy"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "sympify", "parse_expr"}
FORBIDDEN_METHODS = {("os", "system"), ("os", "popen"), ("sympy", "sympify")}
FORBIDDEN_OPTIONS = {"shell", "allow_pickle"}


def test_a_file_is_one_concept_long():
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: n for name, n in lengths.items() if n > HARD_LIMIT} == {}
    assert {name for name, n in lengths.items() if n > LOOK_AGAIN} == set(LONG_FILES)


def test_a_function_fits_on_a_screen():
    found = {
        f"{relative(path)}:{name}": length
        for path in FILES
        for name, length in functions(path)
        if length > (LONGEST_KERNEL if path.parent.name == "kernels" else LONGEST_FUNCTION)
    }
    assert found == {}


def test_no_import_cycles():
    graph = {name: {m for _, m in imports(path) if m in MODULES and m != name} for name, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the modules of a cycle


def test_nobody_inside_imports_the_root_package():
    assert [relative(path) for path in FILES for _, module in imports(path) if module == "popdyn"] == []


def test_kernels_import_numba_and_numpy_only():
    for path in sorted((LIBRARY / "kernels").glob("*.py")):
        allowed = VECTORS_MAY_IMPORT if path.name.startswith("lane") else KERNELS_MAY_IMPORT
        allowed = KERNEL_CACHE_MAY_IMPORT if path.name == "__init__.py" else allowed
        for _, module in imports(path):
            sibling = module.startswith("popdyn.kernels.")
            assert sibling or module.split(".")[0] in allowed, f"{relative(path)}: {module}"


def test_brian2_is_imported_by_the_ground_truth_alone():
    found = {path.parent.name for path in FILES for _, module in imports(path) if module.split(".")[0] == "brian2"}
    assert found == {"ground_truth"}


def test_one_door_opens_hdf5():
    """popdyn.hdf5 looks before anybody reads; popdyn.results writes, and reads what has been looked at."""
    openers = {"h5py": {"hdf5", "results"}, "h5netcdf": set(), "xarray.open_dataset": {"results"}}
    for path in FILES:
        named = {module.split(".")[0] for _, module in imports(path)}
        calls = {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}
        named |= {"xarray.open_dataset"} & {call.replace("xr.", "xarray.") for call in calls}
        for name, allowed in openers.items():
            assert name not in named or path.parent.name in allowed, f"{relative(path)}: {name}"


def test_nothing_can_execute_what_it_reads():
    for path in FILES:
        for _, module in imports(path):
            assert module.split(".")[0] not in FORBIDDEN_MODULES, f"{relative(path)}: {module}"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                _check_call(node, f"{relative(path)}:{node.lineno}")


def _check_call(node: ast.Call, where: str) -> None:
    if isinstance(node.func, ast.Name):
        assert node.func.id not in FORBIDDEN_CALLS, f"{where}: {node.func.id}"
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        assert (node.func.value.id, node.func.attr) not in FORBIDDEN_METHODS, where
    for keyword in node.keywords:
        off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        assert keyword.arg not in FORBIDDEN_OPTIONS or off, f"{where}: {keyword.arg}"


@pytest.mark.parametrize("snippet", ["eval(x)", "exec(x)", "os.system(x)", "f(x, shell=True)", "f(x, allow_pickle=y)"])
def test_the_check_of_calls_sees(snippet):
    with pytest.raises(AssertionError):
        _check_call(ast.parse(snippet, mode="eval").body, "here")


def test_every_module_says_what_it_is_for():
    silent = [relative(path) for path in FILES if len(ast.get_docstring(tree(path)) or "") < 10]
    assert silent == []


def test_the_layers_name_every_part():
    layers = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    named = {part.strip() for layer in layers for part in layer.split("|")}
    parts = {".".join(name.split(".")[:2]) for name in MODULES if name not in ("popdyn", "popdyn.__main__")}
    assert named == parts


def test_the_distribution_holds_every_package_and_file():
    packages = {module_name(path) for path in FILES if path.name == "__init__.py"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["popdyn"]
    for path in LIBRARY.rglob("*"):
        name = path.relative_to(LIBRARY).as_posix()
        if path.is_file() and "__pycache__" not in name and path.suffix not in (".py", ".pyc"):
            assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    every = {module.split(".")[0] for path in FILES for _, module in imports(path)}
    used = every - sys.stdlib_module_names - {"popdyn"}
    declared = {re.split(r"[<>=;\s]", text)[0] for text in PROJECT["project"]["dependencies"]}
    optional = {"distributed": "batch/dask_engine.py", "submitit": "batch/submitit_engine.py"}  # extras, one file each
    assert used <= declared | set(optional)
    for name, home in optional.items():
        assert {relative(path) for path in FILES if name in {m for _, m in imports(path)}} == {f"popdyn/{home}"}
    assert declared - used == {"setuptools", "h5netcdf"}  # for Brian2's Cython target, and xarray's engine, by its name


def _entries(folder: ModuleType, kind: type) -> dict[str, list[Any]]:
    """Module name -> the values of a registry's type that it defines."""
    found = {}
    for info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{info.name}")
        values = [value for name, value in vars(module).items() if isinstance(value, kind) and not name.startswith("_")]
        if values:
            found[info.name] = values
    return found


REGISTRIES = [(neurons, NeuronModel, MODELS), (stimuli, StimulusKind, KINDS), (families, Family, FAMILIES)]


@pytest.mark.parametrize(("folder", "kind", "registry"), REGISTRIES)
def test_every_entry_is_registered_under_its_name(folder, kind, registry):
    defined = [entry for entries in _entries(folder, kind).values() for entry in entries]
    assert {id(entry) for entry in defined} == {id(entry) for entry in registry.values()}
    assert [entry.name for entry in registry.values()] == list(registry)


@pytest.mark.parametrize(("folder", "kind"), [(neurons, NeuronModel), (stimuli, StimulusKind), (families, Family)])
def test_every_file_of_a_registry_has_a_test(folder, kind):
    home = ROOT / "tests" / folder.__name__.removeprefix("popdyn.").replace(".", "/")
    missing = [name for name in _entries(folder, kind) if not (home / f"test_{name}.py").is_file()]
    assert missing == []


def test_every_neuron_model_has_a_source_and_every_parameter_words():
    assert [m.name for m in MODELS.values() if not re.search(r"\d{4}", m.source)] == []
    assert [(m.name, p.name) for m in (*MODELS.values(), *KINDS.values()) for p in m.parameters if not p.doc] == []
    assert [k.name for k in KINDS.values() if not k.doc] == []


def test_every_family_has_a_source_and_is_written_out():
    theory = (ROOT / "docs" / "theory" / "units.md").read_text(encoding="utf-8")
    for family in FAMILIES.values():
        assert re.search(r"\d{4}", family.source)
        assert f"`{family.name}`" in theory
        assert family.equation in theory


def test_every_closure_is_written_out_and_tested():
    theory = (ROOT / "docs" / "theory" / "adaptation.md").read_text(encoding="utf-8")
    for name in CLOSURES:
        assert f"`{name}`" in theory, name
    oracles = (ROOT / "tests" / "theory").glob("test_*.py")
    assert any('parametrize("closure", CLOSURES)' in path.read_text(encoding="utf-8") for path in oracles)


def test_every_command_is_a_file_and_every_file_a_command():
    files = {path.stem for path in (LIBRARY / "cli").glob("*.py")} - {"__init__", "failure", "options"}
    assert set(cli.COMMANDS) == files


def test_tests_mirror_the_library():
    own = {"catalogue", "literature", "verification"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders - own <= {path.name for path in LIBRARY.iterdir() if path.is_dir()}


def test_test_modules_have_names_of_their_own():
    """Two modules of one name in folders that are no packages cannot be collected together."""
    alone = [p.name for p in (ROOT / "tests").rglob("test_*.py") if not (p.parent / "__init__.py").exists()]
    assert sorted(alone) == sorted(set(alone))
