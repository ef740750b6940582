#!/usr/bin/env python3
"""scipy and numpy on the work problems, each with the method its documentation advises for them; the generator is the same exponentially fitted one.

W1 expm_multiply (action of the exponential, no matrix exponential formed) and DOP853; W2 LSODA with a banded Jacobian, as its manual says for
one-dimensional problems; W3 splu with the symmetric-mode ordering of the SuperLU manual, one cell pinned. One timed solve each, set-up not counted.
"""
import time

import numpy as np
import scipy.integrate
import scipy.sparse.linalg as linalg
from _common import double_well_2d, main, on_cells, ou_generator, report, rotating_distribution, well_1d


def w1(_):
    for n in (256, 420):
        A, p, exact, h = ou_generator(n)
        start = time.perf_counter()
        found = linalg.expm_multiply(A, p)
        report("W1", "scipy", "expm_multiply, scharfetter_gummel", n, np.abs(found - exact).sum() * h * h, time.perf_counter() - start)
    A, p, exact, h = ou_generator(256)
    start = time.perf_counter()
    found = scipy.integrate.solve_ivp(lambda t, y: A @ y, (0, 1), p, method="DOP853", rtol=1e-5, atol=1e-8, t_eval=[1.0]).y[:, -1]
    report("W1", "scipy", "DOP853 rtol 1e-5, scharfetter_gummel", 256, np.abs(found - exact).sum() * h * h, time.perf_counter() - start)


def w2(reference):
    n = 1024
    left, right, out, p, h = well_1d(n)
    exact = on_cells(reference, n)

    def rate(t, y):
        dy = -out * y
        dy[1:] += right[:-1] * y[:-1]
        dy[:-1] += left[1:] * y[1:]
        return dy

    band = np.zeros((3, n))
    band[0, 1:], band[1], band[2, :-1] = left[1:], -out, right[:-1]
    for tolerance in (1e-4, 1e-6):
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            packed = np.vstack([band, np.zeros((1, n))])  # LSODA's own layout: a row of room below the band
            solver = scipy.integrate.ode(rate, lambda t, y: packed).set_integrator(
                "lsoda", rtol=tolerance, atol=tolerance * 1e-3, lband=1, uband=1, nsteps=100000)
            found = solver.set_initial_value(p, 0).integrate(100.0)
            best = min(best, time.perf_counter() - start)
        report("W2", "scipy", "LSODA banded, rtol %g" % tolerance, n, np.abs(found - exact).sum() * h, best)


def w3(_):
    for name, (A, exact, h) in (("double well", double_well_2d(512)), ("rotating OU", rotating_distribution(512))):
        start = time.perf_counter()
        pinned = A.tocsc()[1:, 1:]
        factor = linalg.splu(pinned, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        x = np.concatenate([[1.0], factor.solve(-A.tocsc()[1:, 0].toarray().ravel())])
        x /= x.sum() * h * h
        report("W3", "scipy", "splu MMD_AT_PLUS_A, %s" % name, 512, np.abs(x - exact).sum() * h * h, time.perf_counter() - start)


def w4(_):
    """numpy: PCG64 ziggurat, in place; 50 steps, scaled to 1000."""
    for name, drift in (("OU", lambda x: -x), ("double well", lambda x: x - x * x * x)):
        generator, x, dt, steps = np.random.default_rng(1), np.ones(1_000_000), 1e-3, 50
        noise = np.empty_like(x)
        start = time.perf_counter()
        for _ in range(steps):
            generator.standard_normal(out=noise)
            noise *= np.sqrt(2 * dt)
            x += drift(x) * dt
            x += noise
        report("W4", "numpy", "default_rng, %s" % name, 1000000, None, (time.perf_counter() - start) * 1000 / steps)


if __name__ == "__main__":
    main({"W1": w1, "W2": w2, "W3": w3, "W4": w4})
