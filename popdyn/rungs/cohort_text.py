"""The equations of cohort populations in words and numbers."""

from __future__ import annotations

from popdyn.neurons import MODELS
from popdyn.quantities import format_quantity
from popdyn.rungs.coupled_text import projection_lines
from popdyn.spec.network import Network
from popdyn.theory.cohort_grid import AgeGrid, skewed
from popdyn.theory.gif_problem import GifProblem, modes
from popdyn.theory.network_problem import NetworkProblem


def cohort_equations(
    network: Network, problems: dict[str, GifProblem], coupling: NetworkProblem, closure: str, grid: AgeGrid
) -> str:
    """Of every population: the neuron, the state of a cohort, its update, and what it hears."""
    lines = [
        f"cohorts by last spike time, closure {closure}; z = (V, slow variables) normal in each (cohorts.md)",
        "  z decays between spikes; a share P = E[1 - exp(-exp(ell + sqrt(s) xi))] fires in a step dt,",
        "  ell = ln(lambda_0 dt) + (g.m - V_T_star)/Delta_V,  s = g'C g/Delta_V^2",
        "  fired: m + C g F1/sqrt(v), C + (C g)(C g)'(v_f - 1)/v; the others by complement; V_reset after t_ref",
        f"  cohorts of {format_quantity(grid.width, 's')} when young, merged into one beyond "
        f"{format_quantity(grid.history, 's')}",
    ]
    for name, problem in problems.items():
        model, m = MODELS[network.populations[name].neuron.model], modes(problem)
        lines += ["", f"population {name}: {model.title}", *(f"  {line}" for line in model.equations)]
        lines.append(f"  slow variables: {', '.join(m.names[1:]) or 'none'}")
        if closure == "gaussian" and problem.resets and skewed(problem, m).any():
            named = (variable for variable, one in zip(m.names, skewed(problem, m), strict=True) if one)
            lines.append(f"  beside mean and covariance the third cumulants of {', '.join(named)}")
        parameters = network.populations[name].neuron.parameters
        lines += [f"  {p.name} = {format_quantity(parameters[p.name], p.unit)}" for p in model.of_neuron(parameters)]
        lines.append(
            f"  mu = {format_quantity(problem.mu, 'V/s')}, sigma = {format_quantity(problem.sigma, 'V/sqrt(s)')}"
        )
        lines += [f"  {name} = {size:.6g} (standard deviation over neurons)" for name, size in problem.frozen.items()]
        lines += [f"  {text}" for text in projection_lines(coupling, name)]
    return "\n".join(lines)
