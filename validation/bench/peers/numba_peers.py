#!/usr/bin/env python3
"""numba on W4: a parallel loop over particles, each kept in a register over all steps, np.random.normal as its documentation shows; compiled before the clock starts."""
import math
import time

import numba
import numpy as np
from _common import main, report


@numba.njit(parallel=True, fastmath=True)
def ou(x, steps, dt):
    root = math.sqrt(2 * dt)
    for i in numba.prange(x.size):
        y = x[i]
        for _ in range(steps):
            y += -y * dt + root * np.random.normal()
        x[i] = y


@numba.njit(parallel=True, fastmath=True)
def well(x, steps, dt):
    root = math.sqrt(2 * dt)
    for i in numba.prange(x.size):
        y = x[i]
        for _ in range(steps):
            y += (y - y * y * y) * dt + root * np.random.normal()
        x[i] = y


def w4(_):
    for name, kernel in (("OU", ou), ("double well", well)):
        kernel(np.ones(1000), 2, 1e-3)
        x, steps = np.ones(1_000_000), 100
        start = time.perf_counter()
        kernel(x, steps, 1e-3)
        report("W4", "numba", "prange, np.random.normal, %s" % name, 1000000, None, (time.perf_counter() - start) * 1000 / steps)


if __name__ == "__main__":
    main({"W4": w4})
