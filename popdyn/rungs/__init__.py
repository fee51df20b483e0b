"""The derived rungs of the ladder: density (of V, and of V and w) and unit. Faces over theory and kernels."""
