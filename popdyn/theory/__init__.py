"""Derivations: grids and operators, stationary states, linear response. No time stepping; calls kernels."""
