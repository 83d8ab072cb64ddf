"""The price engine's compiled parts: plain loops over arrays, typed by numba rather than by hints."""
