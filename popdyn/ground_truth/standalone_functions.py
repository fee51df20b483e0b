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


def step_function(own: dict[str, Any]) -> b2.Function:
    """popdyn_step(t): says how far the run is and ends it."""
    return _function("popdyn_step", "popdyn::step(t)", 1, own, stateless=False)


def _function(name: str, call: str, unit: Any, own: dict[str, Any], stateless: bool = True) -> b2.Function:
    def unavailable(_t: Any) -> Any:
        raise NotImplementedError(f"{name} exists in C++ only")

    function = b2.Function(unavailable, arg_units=[b2.second], return_unit=unit, stateless=stateless)
    function.implementations.add_implementation(
        CPPStandaloneCodeObject,
        code=f"static inline double {name}(const double t) {{ return {call}; }}",
        name=name,
        compiler_kwds=own,
    )
    return function
