"""The equations of a network of densities in words and numbers."""

from __future__ import annotations

import numpy as np

from popdyn.quantities import format_quantity
from popdyn.rungs.derivation import Derivation
from popdyn.theory.network_problem import NetworkProblem


def network_equations(derivation: Derivation, closure: str) -> str:
    """Populations with their nodes, the drive of a node, and every projection, at the working point."""
    problem, point = derivation.problem, derivation.point
    lines = [
        f"density of each node, closure {closure}: dq_n/dt = L(mu, D) q_n + ... (docs/theory/adaptation.md)",
        "mu_q = mu_ext + sum_p K_p J_p u_p (1 + z_q s_p),   D_q = D_ext + 1/2 sum_p K_p <J_p^2> v_p",
        "u_p: presynaptic rate after delay and synapse; v_p: its variance rate (docs/theory/networks.md)",
    ]
    for i, name in enumerate(problem.names):
        nodes = [q for q, node in enumerate(problem.nodes) if node.population == name]
        rule = derivation.rules.get(name)
        split = f"{len(nodes)} nodes ({rule.method})" if rule else "one node"
        grid = derivation.grids[nodes[0]]
        noise = f"; noise of its inputs: beta {grid.beta:.4g} 1/s, gamma {grid.gamma:.4g} 1/s" if grid.beta else ""
        jumps = "finite jumps" if derivation.finite_jumps.get(name) else "diffusion"
        mu, sigma = float(np.mean(point.mu[nodes])), float(np.mean(np.sqrt(2.0 * point.D[nodes])))
        lines += ["", f"{name}: {split}, {jumps}, {grid.operator.width.size} cells{noise}"]
        lines.append(f"  at {point.rates[i]:.4g} Hz: mu {mu:.4g} V/s, sigma {sigma:.4g} V/sqrt(s)")
        lines += [f"  {text}" for text in projection_lines(problem, name)]
    return "\n".join(lines)


def projection_lines(problem: NetworkProblem, name: str) -> list[str]:
    found = []
    for p in problem.projections:
        if p.post != name:
            continue
        s = p.synapse
        weight = format_quantity(p.J, "S" if s.kind == "conductance" else "V")
        filtered = f", tau_syn {format_quantity(s.tau_syn, 's')}" if s.tau_syn else ""
        source = p.pre or f"Poisson sources of {p.nu:.4g} Hz"
        found.append(
            f"from {source}: {s.kind}, K {p.K:.6g}, J {weight}{filtered}, delay {format_quantity(s.delay, 's')}, "
            f"<J^2>/J^2 {p.square:.4g}, Var(mu) = J^2 ({p.A:.4g} <nu^2> + {p.B:.4g} Var nu)"
        )
    return found
