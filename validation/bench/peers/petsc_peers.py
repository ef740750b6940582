#!/usr/bin/env python3
"""PETSc TS and KSP through petsc4py, one rank: W1 by TSRK 3bs and by TSBDF with GMRES and SOR; W2 by TSBDF of order 4 with LU, its advice for small banded
systems; W3 by GMRES with hypre BoomerAMG where PETSc has it, one cell pinned. Set-up of the matrix is not counted, that of preconditioners is."""
import glob
import sys
import time

import numpy as np
import scipy.sparse as sparse
from _common import double_well_2d, main, on_cells, ou_generator, report, rotating_distribution, well_1d

# Debian finds it through an alternative that only the development package sets up.
sys.path += sorted(glob.glob("/usr/lib/petscdir/petsc*/*-real/lib/python3/dist-packages"))
import petsc4py  # noqa: E402

petsc4py.init(sys.argv[:1])
from petsc4py import PETSc  # noqa: E402 (after init, as its documentation says)


def matrix(A):
    A = A.tocsr()
    return PETSc.Mat().createAIJ(size=A.shape, csr=(A.indptr.astype(PETSc.IntType), A.indices.astype(PETSc.IntType), A.data))


def integrate(A, p, end, options):
    for key, value in options.items():
        PETSc.Options().setValue(key, value)
    M, J, y = matrix(A), matrix(A), PETSc.Vec().createWithArray(p.copy())
    ts = PETSc.TS().create()
    ts.setProblemType(PETSc.TS.ProblemType.LINEAR)
    ts.setRHSFunction(lambda ts, t, x, f: M.mult(x, f), y.duplicate())
    ts.setRHSJacobian(lambda ts, t, x, a, b: M.copy(b), J, J)  # TS shifts J in place
    ts.setMaxStepRejections(-1)
    ts.setTimeStep(end * 1e-5)
    ts.setMaxTime(end)
    ts.setMaxSteps(10**6)
    ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
    ts.setFromOptions()
    start = time.perf_counter()
    ts.solve(y)
    seconds = time.perf_counter() - start
    found = y.getArray().copy()
    ts.destroy()
    for key in options:
        PETSc.Options().delValue(key)
    return found, seconds


def w1(_):
    A, p, exact, h = ou_generator(256)
    for name, options in (
        ("TSRK 3bs", {"ts_type": "rk", "ts_rk_type": "3bs", "ts_rtol": "1e-4", "ts_atol": "1e-6"}),
        ("TSBDF 3, GMRES + SOR", {"ts_type": "bdf", "ts_bdf_order": "3", "ts_rtol": "1e-4", "ts_atol": "1e-6", "ksp_type": "gmres", "pc_type": "sor",
                                  "ksp_rtol": "1e-5"})):
        found, seconds = integrate(A, p, 1.0, options)
        report("W1", "petsc", name + ", scharfetter_gummel", 256, np.abs(found - exact).sum() * h * h, seconds)


def w2(reference):
    n = 1024
    left, right, out, p, h = well_1d(n)
    exact = on_cells(reference, n)
    A = sparse.diags([left[1:], -out, right[:-1]], [1, 0, -1])
    for tolerance in ("1e-5", "1e-7"):
        options = {"ts_type": "bdf", "ts_bdf_order": "4", "ts_rtol": tolerance, "ts_atol": tolerance, "ksp_type": "preonly", "pc_type": "lu"}
        found, seconds = min((integrate(A, p, 100.0, options) for _ in range(3)), key=lambda pair: pair[1])
        report("W2", "petsc", "TSBDF 4 + LU, rtol " + tolerance, n, np.abs(found - exact).sum() * h, seconds)


def w3(_):
    for name, (A, exact, h) in (("double well", double_well_2d(512)), ("rotating OU", rotating_distribution(512))):
        column = A.tocsc()[1:, 0].toarray().ravel()
        J, b = matrix(-A.tocsr()[1:, 1:]), PETSc.Vec().createWithArray(column)
        x = b.duplicate()
        start = time.perf_counter()
        ksp = PETSc.KSP().create()
        ksp.setOperators(J)
        ksp.setType("gmres")
        ksp.getPC().setType("hypre")
        ksp.setTolerances(rtol=1e-10, max_it=500)
        ksp.solve(b, x)
        p = np.concatenate([[1.0], x.getArray()])
        p /= p.sum() * h * h
        report("W3", "petsc", "GMRES + BoomerAMG, %s" % name, 512, np.abs(p - exact).sum() * h * h, time.perf_counter() - start)


if __name__ == "__main__":
    main({"W1": w1, "W2": w2, "W3": w3})
