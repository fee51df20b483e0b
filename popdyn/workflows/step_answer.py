"""The derived rungs' answer to one clean step of mu: trace, and errors of peak, time to peak, steady value."""

from __future__ import annotations

from typing import Any

from popdyn.comparison import step_error
from popdyn.report import trace_part
from popdyn.rungs.density import Density
from popdyn.spec import Protocol, Stimulus
from popdyn.workflows.conversion import Conversion

ONSET, UNTIL, DURATION = 0.3, 0.8, 1.0  # [s]
SHARE = 0.6  # of the way from the spec's drive to the end of the unit's domain
BIN = 1e-3


def step_answer(work: Conversion, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`traces` and `steps` entries of population `name`: density as the reference, mean closure and unit beside it."""
    domain = work.fits[name].domain
    height = SHARE * (domain.mu_high - work.alone.problems[name].mu)
    stimulus = Stimulus(name, "mu", "step", {"at": ONSET, "amplitude": height, "until": UNTIL})
    base = work.network.protocols[work.protocol]
    protocol = Protocol(f"step {name}", DURATION, base.transient, 0, (stimulus,))
    density = work.alone.simulate(protocol)
    mean = Density(work.network, closure="mean", domain=work.alone.domains).simulate(protocol)
    others = {"mean closure": mean.assign_attrs(rung="mean closure")}
    if work.unit is not None:
        others["unit"] = work.unit.simulate(protocol)
    errors = {
        key: step_error(density, found, population=name, onset=ONSET, until=UNTIL, bin=BIN).to_dict()
        for key, found in others.items()
    }
    trace = trace_part(protocol.name, {"density": density, **others}, bin=BIN)
    step = {"protocol": protocol.name, "population": name, "onset": ONSET, "until": UNTIL, "errors": errors}
    return dict(trace), step
