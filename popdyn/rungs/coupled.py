"""The density rung of a network: populations that hear each other, heterogeneous or not."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import density_1d, network as kernel
from popdyn.results import make_dataset
from popdyn.rungs.bank import finite_size, make_bank, make_projections, make_wiring
from popdyn.rungs.derivation import Derivation, derive
from popdyn.rungs.march import step_drive
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.stimuli import waveforms
from popdyn.theory.discretisation import Domain
from popdyn.theory.network_problem import NetworkNode
from popdyn.theory.problem import CLOSURES, DEFAULT_CLOSURE, W_UNIT

Array = NDArray[np.float64]

DT = 1e-4  # [s]
CHUNK = 10_000  # steps between two looks at the clock


class CoupledDensity:
    """Population densities of a network with connections, at one closure."""

    name = "density"

    def __init__(
        self, network: Network, *, closure: str = DEFAULT_CLOSURE, dt: float = DT, tolerance: float = 0.02,
        jumps: bool | None = None, nodes: Mapping[str, tuple[NetworkNode, ...]] | None = None, scheme: str = "affine",
        start: Array | None = None, finite: bool = False, regular: bool = True,
    ) -> None:  # fmt: skip
        if closure not in CLOSURES:
            raise UsageError(f"closure: got {closure!r}; allowed: {', '.join(CLOSURES)}")
        self.network, self.closure, self.dt, self.scheme = network, closure, dt, density_1d.SCHEMES[scheme]
        self.finite = finite
        self.derivation: Derivation = derive(
            network, nodes, closure=closure, tolerance=tolerance, jumps=jumps, start=start,
            regular=regular,
        )

    def rates(self) -> dict[str, float]:
        """Self-consistent stationary rate of each population [1/s]."""
        return {n: float(r) for n, r in zip(self.network.populations, self.derivation.point.rates, strict=True)}

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins."""
        chosen = self.network.protocols[protocol] if isinstance(protocol, str) else protocol
        began = time.process_time()
        out, watched, node_rates = self._march(chosen, seed)
        names = list(self.network.populations)
        per_bin = round(1e-3 / self.dt)
        rate = out[:, :, kernel.RATE]
        before = np.concatenate([rate[:, :1], rate[:, :-1]], axis=1)
        half = rate if self.finite else 0.5 * (rate + before)
        bins = half.reshape(len(names), -1, per_bin).mean(axis=2)
        middle = out.reshape(len(names), -1, per_bin, kernel.OUTPUTS)[:, :, per_bin // 2 - 1]
        time_axis = (np.arange(bins.shape[1]) + 0.5) * 1e-3 - chosen.transient
        dataset = make_dataset(
            time_axis, names, rate=bins.T[None], V_mean=middle[..., kernel.V_MEAN].T[None],
            w_mean=middle[..., kernel.W_MEAN].T[None] * W_UNIT,
            attrs={
                "rung": self.name, "closure": self.closure, "protocol": chosen.name,
                "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": 1e-3, "dt": self.dt, "seed": seed,
                "mass_error": float(np.abs(out[:, :, kernel.MASS] - 1.0).max()),
                "least_density": float(watched[:, kernel.LEAST_DENSITY].min()),
                "positive_steps": int(watched[:, kernel.POSITIVE_STEPS].sum()),
            },
        )  # fmt: skip
        dataset.encoding["cpu_s"] = time.process_time() - began
        self.watched, self.node_rates = watched, node_rates
        return dataset

    def _march(self, protocol: Protocol, seed: int) -> tuple[Array, Array, Array]:
        problem, grids, point = self.derivation.problem, self.derivation.grids, self.derivation.point
        drives = [step_drive(p, protocol, self.dt, white=True) for p in self.network.populations.values()]
        finite = finite_size(problem, seed) if self.finite else None
        bank = make_bank(grids, problem, self.closure, self.dt, finite)
        wiring = make_wiring(problem, grids, point, self.finite)
        projections = make_projections(problem, self.dt, 0.5 if self.finite else 0.0)
        mu, D = np.stack([d.mu for d in drives]), np.stack([d.D for d in drives])
        restart = np.stack([d.restart for d in drives])
        external = self._external(protocol, mu.shape[1])
        smooth = make_projections(problem, self.dt, 0.0) if self.finite else projections
        activity = np.zeros((2, len(drives) + external.shape[0], projections.lags.shape[1] + 2))
        out = np.zeros((*mu.shape, kernel.OUTPUTS))
        node_rate, watched = np.zeros(len(grids)), np.zeros((len(grids), kernel.WATCHED))
        watched[:, [kernel.LOW_MU, kernel.LOW_D]] = np.inf
        watched[:, [kernel.HIGH_MU, kernel.HIGH_D]] = -np.inf
        for first in range(0, mu.shape[1], CHUNK):
            part = slice(first, first + CHUNK)
            done = kernel.run(
                bank, wiring, projections, smooth, activity, external[:, part], mu[:, part], D[:, part], restart[:, part],
                first, self.dt, self.scheme, out[:, part], node_rate, watched,
            )  # fmt: skip
            if done < mu[:, part].shape[1]:
                raise NumericsError(
                    f"the density is no longer finite at t = {(first + done) * self.dt - protocol.transient:.4f} s; "
                    f"halve dt (now {self.dt * 1e3:g} ms) or take a lower closure"
                )
        return out, watched, node_rate / mu.shape[1]

    def _external(self, protocol: Protocol, steps: int) -> Array:
        """Rates [1/s] of the Poisson sources at the end of every step."""
        ends: Array = -protocol.transient + self.dt * np.arange(1, steps + 1, dtype=np.float64)
        rows = [
            np.full(steps, source.nu) + waveforms(protocol, name, "nu")(ends - 1e-9)
            for name, population in self.network.populations.items()
            for source in population.poisson
        ]
        return np.array(rows).reshape(len(rows), steps)


__all__ = ["CoupledDensity", "Domain"]
