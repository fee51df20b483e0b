"""What the density rung of a network refuses: delays below its step, more memory than there is."""

from __future__ import annotations

from popdyn.errors import Fault, ResourceError, SpecError
from popdyn.kernels.density_state import FIELDS
from popdyn.kernels.operators import WIDTH
from popdyn.rungs.derivation import Derivation
from popdyn.spec.network import Network
from popdyn.theory.synaptic import delay_lags

CAP = 4 << 30  # bytes
UNRESOLVED = 1e-3  # share of synapses with delays under one step that is moved to one step


def check_synapses(network: Network, dt: float) -> None:
    """SpecError where a delay is below the step dt [s]."""
    faults: list[Fault] = []
    for i, connection in enumerate(network.connections):
        early = delay_lags(connection.synapse, dt)[0]
        if early > UNRESOLVED:
            got = f"{early:.1%} of the synapses with a delay below the step of {dt * 1e3:g} ms"
            faults.append(Fault(f"connections[{i}].delay", got, "at least one step", "lengthen it, or lower dt"))
    if faults:
        raise SpecError(faults)


def memory_of(derivation: Derivation, finite: bool) -> int:
    """Bytes that a march needs, without its traces."""
    cells, copies = derivation.grids[0].operator.width.size, 2 if finite else 1
    band = max(grid.jumps.matrix.shape[1] * (1 + grid.jumps.out.shape[0]) for grid in derivation.grids)
    per_cell = 4 * WIDTH + 12 + band + (FIELDS * (1 + band) if finite else 0)
    return 8 * copies * len(derivation.grids) * cells * per_cell


def check_memory(derivation: Derivation, network: Network, dt: float, finite: bool) -> None:
    """ResourceError with the figure where the densities, or the longest protocol's traces, need more than CAP."""
    longest = max((p.duration + p.transient for p in network.protocols.values()), default=1.0)
    need = memory_of(derivation, finite) + int(longest / dt) * len(network.populations) * 8 * 8
    if need > CAP:
        raise ResourceError(
            f"the density of this network needs {need / 2**30:.1f} GiB, more than {CAP / 2**30:.0f}; "
            "fewer nodes (a larger tolerance), a larger dt, or a shorter protocol need less"
        )
