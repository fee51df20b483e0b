"""Brian2 functions with popdyn's C++ behind them. Imported by the compiling worker only."""

from __future__ import annotations

from typing import Any

import brian2 as b2
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject


def replace_random(own: dict[str, Any]) -> None:
    """Brian2's `randn` and `rand` from popdyn's generator (measured: 23 to 12.6 ns per neuron-step of AdEx)."""
    for name, call in (("randn", "normal"), ("rand", "uniform")):
        DEFAULT_FUNCTIONS[name].implementations.add_implementation(
            CPPStandaloneCodeObject,
            code=f"static inline double _{name}(const int) {{ return popdyn::{call}(); }}",
            name=f"_{name}",
            compiler_kwds=own,
        )


def drive_functions(populations: int, own: dict[str, Any]) -> dict[str, b2.Function]:
    """mu_drive_0(t), sigma_drive_0(t), ... read from drive.bin; row 2 k is mu, row 2 k + 1 sigma of population k."""
    units = {"mu_drive": b2.volt / b2.second, "sigma_drive": b2.volt / b2.second**0.5}
    functions = {}
    for index in range(populations):
        for offset, (name, unit) in enumerate(units.items()):
            functions[f"{name}_{index}"] = _function(
                f"{name}_{index}", f"popdyn::drive({2 * index + offset}, t)", unit, own
            )
    return functions


def clockwork(own: dict[str, Any]) -> dict[str, b2.Function]:
    """popdyn_step(t): says how far the run is and ends it; popdyn_sample(t): writes the sums over neurons."""
    return {
        f"popdyn_{verb}": _function(f"popdyn_{verb}", f"popdyn::{verb}(t)", 1, own, stateless=False)
        for verb in ("step", "sample")
    }


def table_functions(own: dict[str, Any]) -> dict[str, b2.Function]:
    """mu_table(t, row), sigma_table(t, row), nu_table(t, row): rows of drive.bin."""
    units = {"mu_table": b2.volt / b2.second, "sigma_table": b2.volt / b2.second**0.5, "nu_table": 1}
    return {
        name: _typed(name, "const double t, const int row", "popdyn::drive(row, t)", [b2.second, 1], unit, own)
        for name, unit in units.items()
    }


def events_functions(sources: int, own: dict[str, Any]) -> dict[str, b2.Function]:
    """events_0(mean), ...: a Poisson number; one function per source, which remembers its last mean."""
    return {
        f"events_{k}": _typed(
            f"events_{k}", "const double mean", f"popdyn::events<{k}>(mean)", [1], 1, own, stateless=False
        )
        for k in range(sources)
    }


def wire_functions(projections: int, own: dict[str, Any]) -> dict[str, b2.Function]:
    """outdegree_0(i) and target_0(i, k): the edges of edges-offsets-0.bin and edges-targets-0.bin, ..."""
    functions = {}
    for number in range(projections):
        wires = f"popdyn::wires({number})"
        degree = f"(int)({wires}.offsets[i + 1] - {wires}.offsets[i])"
        functions[f"outdegree_{number}"] = _typed(f"outdegree_{number}", "const int i", degree, [1], 1, own, "integer")
        functions[f"target_{number}"] = _typed(
            f"target_{number}", "const int i, const int k", f"{wires}.targets[{wires}.offsets[i] + k]", [1, 1], 1, own,
            "integer",
        )  # fmt: skip
    return functions


def _function(name: str, call: str, unit: Any, own: dict[str, Any], stateless: bool = True) -> b2.Function:
    return _typed(name, "const double t", call, [b2.second], unit, own, stateless=stateless)


def _typed(
    name: str, arguments: str, call: str, arg_units: list[Any], unit: Any, own: dict[str, Any],
    kind: str = "float", stateless: bool = True,
) -> b2.Function:  # fmt: skip
    def unavailable(*_arguments: Any) -> Any:
        raise NotImplementedError(f"{name} exists in C++ only")

    function = b2.Function(unavailable, arg_units=arg_units, return_unit=unit, return_type=kind, stateless=stateless)
    returned = {"float": "double", "integer": "int"}[kind]
    function.implementations.add_implementation(
        CPPStandaloneCodeObject,
        code=f"static inline {returned} {name}({arguments}) {{ return {call}; }}",
        name=name,
        compiler_kwds=own,
    )
    return function
