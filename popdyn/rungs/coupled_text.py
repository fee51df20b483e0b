"""The equations of a network of densities in words and numbers."""

from __future__ import annotations

import numpy as np

from popdyn.kernels.shunt import SHUNT
from popdyn.quantities import format_quantity
from popdyn.rungs.derivation import Derivation
from popdyn.theory.conductances import conducts
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import leak

CONDUCTANCES = [
    "conductances: drift sum_p (g_p/C_m + d_p) (E_p - V), multiplicative noise D(V) = sum_p d_p (E_p - V)^2,",
    "  g_p = K_p J_p tau_p u_p,   d_p = chi 1/2 K_p <J_p^2> tau_p^2 v_p / C_m^2 / (1 + tau_p/tau_eff),",
    "  1/tau_eff = g_L/C_m + sum_p g_p/C_m,   J of their Var(mu): the charge at V half way from V_reset to V_th;",
    "  mu and sigma below are those at V_reset",
]


def network_equations(derivation: Derivation, closure: str = "") -> str:
    """Populations with their nodes, the drive of a node, and every projection, at the working point.

    closure : of densities; "": the nodes are no densities
    """
    problem, point = derivation.problem, derivation.point
    if closure:
        lines = [f"density of each node, closure {closure}: dq_n/dt = L(mu, D) q_n + ... (docs/theory/adaptation.md)"]
    else:
        lines = ["what a node hears; f_q: what finite jumps and regular trains do to the noise, at the working point"]
    factor = "" if closure else "f_q "
    lines += [
        f"mu_q = mu_ext + sum_p K_pq J_p u_p,   D_q = D_ext + 1/2 {factor}sum_p K_pq <J_p^2> v_p",
        "K_pq = K_p + z_q w_p^2/(w J_p u_p): in-degrees of neurons z_q s.d. w off the mean input, w_p of projection p",
        "u_p: presynaptic rate after delay and synapse; v_p: its variance rate (docs/theory/networks.md)",
    ]
    if any(p.conductance for p in problem.projections):
        lines += CONDUCTANCES
    for i, name in enumerate(problem.names):
        nodes = [q for q, node in enumerate(problem.nodes) if node.population == name]
        if not nodes:  # of escape noise
            continue
        rule = derivation.rules.get(name)
        split = f"{len(nodes)} nodes ({rule.method})" if rule else "one node"
        grid = derivation.grids[nodes[0]]
        noise = f"; noise of its inputs: beta {grid.beta:.4g}, gamma {grid.gamma:.4g} 1/s there" if grid.beta else ""
        jumps = "finite jumps" if derivation.finite_jumps.get(name) else "diffusion"
        mu, sigma = float(np.mean(point.mu[nodes])), float(np.mean(np.sqrt(2.0 * point.D[nodes])))
        of_density = f", {jumps}, {grid.operator.width.size} cells{noise}" if closure else ""
        lines += ["", f"{name}: {split}{of_density}"]
        lines.append(f"  at {point.rates[i]:.4g} Hz: mu {mu:.4g} V/s, sigma {sigma:.4g} V/sqrt(s)")
        if conducts(problem.projections, name):
            lines.append(f"  {_shunt(derivation, nodes)}")
        lines += [f"  {text}" for text in projection_lines(problem, name)]
    return "\n".join(lines)


def _shunt(derivation: Derivation, nodes: list[int]) -> str:
    """Effective membrane time constant, and colour, of a population's conductances."""
    q = max(nodes, key=lambda q: derivation.problem.nodes[q].weight)
    node, shunt = derivation.problem.nodes[q], derivation.point.shunt[q]
    bare = derivation.problem.network.populations[node.population].neuron.parameters["V_reset"]
    total = leak(node.problem) + shunt[SHUNT]
    return (
        f"tau_eff {1e3 / total:.4g} ms; colour: noise times {node.noise_factor:.4g}, spike initiation and V_reset "
        f"{1e3 * (node.problem.V_reset - bare):.3g} mV higher"
    )


def projection_lines(problem: NetworkProblem, name: str) -> list[str]:
    found = []
    for p in problem.projections:
        if p.post != name:
            continue
        s = p.synapse
        weight = format_quantity(p.conductance, "S") if p.conductance else format_quantity(p.J, "V")
        filtered = f", tau_syn {format_quantity(s.tau_syn, 's')}" if s.tau_syn else ""
        source = p.pre or f"Poisson sources of {p.nu:.4g} Hz"
        kind = f"{s.kind}, E_rev {format_quantity(s.E_rev, 'V')}" if p.conductance else s.kind
        found.append(
            f"from {source}: {kind}, K {p.K:.6g}, J {weight}{filtered}, delay {format_quantity(s.delay, 's')}, "
            f"<J^2>/J^2 {p.square:.4g}, Var(mu) = J^2 ({p.A:.4g} <nu^2> + {p.B:.4g} Var nu)"
        )
    return found
