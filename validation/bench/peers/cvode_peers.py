#!/usr/bin/env python3
"""SUNDIALS CVODE on the work problems, on the same exponentially fitted generators: BDF with a banded direct solver (W2), with GMRES and the diagonal as
preconditioner (W1). cvode.c is compiled for this machine first; the best of three solves, set-up not counted."""
import os
import subprocess
import tempfile

import numpy as np
import scipy.sparse as sparse
from _common import main, on_cells, ou_generator, report, well_1d

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = ["sundials_cvode", "sundials_nvecserial", "sundials_sunlinsolband", "sundials_sunlinsolspgmr", "sundials_sunmatrixband", "m"]


def solve(A, p, method, rtol, end):
    A = A.tocsr()
    A.sum_duplicates()
    with tempfile.TemporaryDirectory() as folder:
        program, problem, solution = (os.path.join(folder, name) for name in ("cvode", "problem", "solution"))
        subprocess.run(["cc", "-O3", "-march=native", "-o", program, os.path.join(HERE, "cvode.c"), *("-l" + name for name in LIBRARIES)], check=True)
        with open(problem, "wb") as file:
            for part in (np.array([A.shape[0], A.nnz], dtype=np.int64), p.astype(float), A.indptr.astype(np.int64), A.indices.astype(np.int64), A.data):
                part.tofile(file)
        command = [program, problem, solution, method, repr(rtol), repr(end)]
        seconds = min(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3))
        return np.fromfile(solution), seconds


def w1(_):
    for n, rtol in ((256, 1e-4), (256, 1e-5), (420, 1e-5)):
        A, p, exact, h = ou_generator(n)
        found, seconds = solve(A, p, "gmres", rtol, 1.0)
        report("W1", "cvode", "BDF, GMRES + diagonal, rtol %g, scharfetter_gummel" % rtol, n, np.abs(found - exact).sum() * h * h, seconds)


def w2(reference):
    n = 1024
    left, right, leaving, p, h = well_1d(n)
    A = sparse.diags([right[:-1], -leaving, left[1:]], [-1, 0, 1])
    exact = on_cells(reference, n)
    for rtol in (1e-4, 1e-5, 1e-6):
        found, seconds = solve(A, p, "band", rtol, 100.0)
        report("W2", "cvode", "BDF, banded, rtol %g" % rtol, n, np.abs(found - exact).sum() * h, seconds)


if __name__ == "__main__":
    main({"W1": w1, "W2": w2})
