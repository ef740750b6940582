"""The work problems as matrices, for the peers: Scharfetter-Gummel generators, initial and exact cell averages. Not a peer itself."""
import argparse
import json
import math

import numpy as np
import scipy.sparse as sparse
from scipy.special import erf, roots_legendre


def bernoulli(z):
    z = np.asarray(z, dtype=float)
    small = np.abs(z) < 1e-8
    return np.where(small, 1 - z / 2, z / np.expm1(np.where(small, 1.0, z)))


def report(work, by, method, grid, l1, seconds):
    print(json.dumps({"work": work, "by": by, "method": method, "grid": grid, "l1": None if l1 is None else float(l1), "seconds": seconds}), flush=True)


def main(solvers):
    parser = argparse.ArgumentParser()
    parser.add_argument("--reference", help="a JSON list: the density of W2 at t = 100 on fine cells")
    parser.add_argument("works", nargs="*", default=sorted(solvers))
    options = parser.parse_args()
    reference = json.load(open(options.reference)) if options.reference else None
    for work in options.works:
        if work in solvers:
            solvers[work](reference)


def plane(n, lower, upper, drift_x, drift_y, D):
    """Generator on n x n cells, x fastest, reflecting walls; drift at the face centres."""
    h = (upper - lower) / n
    centers, faces = lower + h * (np.arange(n) + 0.5), lower + h * np.arange(1, n)
    index = np.arange(n * n).reshape(n, n)
    rows, columns, values = [], [], []
    X, Y = np.meshgrid(faces, centers)
    U, V = np.meshgrid(centers, faces)
    for a, near, far in ((drift_x(X, Y), index[:, :-1], index[:, 1:]), (drift_y(U, V), index[:-1], index[1:])):
        peclet = a * h / D
        there, back = (D / h**2 * bernoulli(-peclet)).ravel(), (D / h**2 * bernoulli(peclet)).ravel()
        i, j = near.ravel(), far.ravel()
        rows += [i, j, i, j]
        columns += [i, i, j, j]
        values += [-there, there, back, -back]
    A = sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(n * n, n * n))
    return A, centers, h


def gaussian_cells(edges, mean, deviation):
    return np.diff(erf((edges - mean) / (deviation * math.sqrt(2)))) / 2 / np.diff(edges)


def ou_exact(n, t):
    edges = np.linspace(-5, 5, n + 1)
    decay, turn = math.exp(-t), 2 * t
    deviation = math.sqrt(0.1 * decay**2 + 0.5 * (1 - decay**2))
    x = gaussian_cells(edges, 1.5 * decay * math.cos(turn), deviation)
    y = gaussian_cells(edges, 1.5 * decay * math.sin(turn), deviation)
    return np.outer(y, x).ravel()


def ou_generator(n):
    A, _, h = plane(n, -5.0, 5.0, lambda x, y: -x - 2 * y, lambda x, y: 2 * x - y, 0.5)
    return A, ou_exact(n, 0.0), ou_exact(n, 1.0), h


def rotating_distribution(n):
    A, _, h = plane(n, -5.0, 5.0, lambda x, y: -x - 2 * y, lambda x, y: 2 * x - y, 0.5)
    distribution = gaussian_cells(np.linspace(-5, 5, n + 1), 0.0, math.sqrt(0.5))
    distribution /= distribution.sum() * h
    return A, np.outer(distribution, distribution).ravel(), h


def gibbs_cells(edges, potential, T):
    nodes, weights = roots_legendre(8)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    distribution = (np.exp(-potential(middle[:, None] + half[:, None] * nodes) / T) * weights).sum(axis=1)
    return distribution / (distribution.sum() * 2 * half[0])


def double_well_2d(n):
    T = 0.25
    A, _, h = plane(n, -2.5, 2.5, lambda x, y: x - x**3, lambda x, y: -y, T)
    edges = np.linspace(-2.5, 2.5, n + 1)
    x, y = gibbs_cells(edges, lambda u: u**4 / 4 - u**2 / 2, T), gibbs_cells(edges, lambda u: u**2 / 2, T)
    return A, np.outer(y, x).ravel(), h


def well_1d(n):
    """Rates of W2 by columns, to the left and right neighbour and both together: fitted to the cell averages of the stationary distribution, as fokker's are."""
    h, T = 5.0 / n, 0.1
    edges = np.linspace(-2.5, 2.5, n + 1)
    peclet = np.diff(np.log(gibbs_cells(edges, lambda u: u**4 / 4 - u**2 / 2, T)))
    left, right = np.zeros(n), np.zeros(n)
    right[:-1], left[1:] = T / h**2 * bernoulli(-peclet), T / h**2 * bernoulli(peclet)
    p = gaussian_cells(edges, -1.0, 0.1)
    leaving = np.zeros(n)
    leaving[:-1] += right[:-1]
    leaving[1:] += left[1:]
    return left, right, leaving, p / (p.sum() * h), h


def on_cells(reference, n):
    """The density of W2 on fine cells as averages over n wider ones."""
    return np.asarray(reference).reshape(n, -1).mean(axis=1)
