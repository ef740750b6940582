#!/usr/bin/env python3
"""Peers' own numeric problems, put to fokker: one line per problem, and a count.

    python3 run.py [NUMBER or part of a name ...]       FOKKER_PROGRAM names the program, else build/fokker below the working directory
    python3 run.py --json                               the same as JSON lines
    python3 run.py --quick                              the subset of continuous integration: below a minute of one core, no remedies

Exit code 1 when a problem fails that is not in KNOWN, or one of KNOWN passes (then take it out, here and in README.md), or none was chosen.

A problem is a case file beside this script. Its error is given in units of the peer's tolerance: at most 1 passes, at most 0.1 passes a tenth.
Problems that a check cannot hold (decision times, restarts, exit probabilities from many starts) have a small driver below.
"""
import atexit, base64, csv, glob, json, math, os, re, shutil, struct, subprocess, sys, tempfile, time, zlib
import xml.etree.ElementTree as ET
import numpy as np
from scipy import interpolate, special, stats

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(os.environ.get("FOKKER_PROGRAM", "build/fokker"))
WORK = tempfile.mkdtemp(prefix="peers-")
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
count = [0]


def toml(v):
    return v if isinstance(v, str) else repr(float(v)) if isinstance(v, (float, np.floating)) else "[" + ", ".join(toml(x) for x in v) + "]" if isinstance(v, (list, tuple)) else str(v)


def case_file(name):
    return glob.glob(os.path.join(glob.escape(HERE), name + "*.toml"))[0]


class Run:
    """One call of the program on a case: summary, frames, series."""
    def __init__(self, name, verb="run", start=None, **sets):
        count[0] += 1
        self.folder = os.path.join(WORK, f"{name}-{count[0]}")
        case = case_file(name)
        if start is not None:                      # the cells of a frame as the start
            text = re.sub(r"(?m)^(point|gaussian|density|uniform) = .*$", lambda m: "density = " + formula(start), open(case).read(), count=1)
            case = os.path.join(WORK, f"restart-{count[0]}.toml")
            open(case, "w").write(text)
        args = [PROGRAM, verb, case, "--out", self.folder, "--force", "--progress", "never"]
        for k, v in sets.items():
            args += ["--set", k.replace("__", ".") + "=" + toml(v)]
        r = subprocess.run(args, capture_output=True, text=True, timeout=300, cwd=WORK)
        if r.returncode not in (0, 5):
            raise RuntimeError(f"exit {r.returncode}: " + (r.stderr + r.stdout).strip()[-300:])
        self.s = json.load(open(os.path.join(self.folder, "summary.json")))
        self._f = None

    def frames(self):
        if self._f is None:
            self._f = [Frame(p) for p in sorted(glob.glob(os.path.join(self.folder, "density_*.vti")))]
        return self._f

    def last(self):
        return self.frames()[-1]

    def at(self, t):
        return min(self.frames(), key=lambda f: abs(f.t - t))

    def out(self, side):
        return self.s["mass"]["outflow_per_side"][side]

    def series(self):
        rows = list(csv.DictReader(open(os.path.join(self.folder, "series.csv"))))
        return {k: np.array([float(r[k]) if r[k] else math.nan for r in rows]) for k in rows[0]}

    def checks(self):
        """(label, error, tolerance) of every check of the case file"""
        res = []
        for c in self.s["checks"]:
            b = c["bound"]
            if "+-" in b:
                n, w = (float(x) for x in b.split("+-"))
                res.append((c["quantity"], abs(c["value"] - n), w))
            elif b.startswith("<"):
                res.append((c["quantity"], abs(c["value"]), float(b.strip("<= "))))
            else:
                res.append((c["quantity"], 0.0 if c["ok"] else 1.0, 0.5))
        return res


class Frame:
    def __init__(self, path):
        im = ET.parse(path).getroot().find("ImageData")
        e = [int(x) for x in im.get("WholeExtent").split()]
        self.n = [e[1] - e[0]] + ([e[3] - e[2]] if e[3] > e[2] else [])
        o, h = ([float(x) for x in im.get(k).split()] for k in ("Origin", "Spacing"))
        self.h = h[:len(self.n)]
        self.axes = [o[i] + h[i] * (np.arange(self.n[i]) + 0.5) for i in range(len(self.n))]
        self.x = self.axes[0]
        self.t = float(self.array(im.find("FieldData")[0])[0]) if im.find("FieldData") is not None else 0.0
        self.p = next(self.array(a) for a in im.find("Piece").find("CellData") if a.get("Name") == "p")
        if len(self.n) == 2:
            self.p = self.p.reshape(self.n[1], self.n[0]).T
        self.dv = math.prod(self.h)

    @staticmethod
    def array(el):
        text = "".join(el.text.split())
        blocks = struct.unpack("<Q", base64.b64decode(text[:12])[:8])[0]
        length = 4 * (((3 + blocks) * 8 + 2) // 3)
        sizes = struct.unpack(f"<{blocks}Q", base64.b64decode(text[:length])[24:24 + 8 * blocks])
        body, raw = base64.b64decode(text[length:]), b""
        for size in sizes:
            raw += zlib.decompress(body[:size]); body = body[size:]
        return np.frombuffer(raw, {"Float64": "<f8", "Float32": "<f4", "Int64": "<i8"}[el.get("type")])

    def mass(self):
        return self.p.sum() * self.dv

    def moment(self, g):
        return (g * self.p).sum() * self.dv


def steady(name, **sets):
    return Run(name, "steady", **sets)


def formula(f):
    """the cells of a 1D frame as a formula"""
    return '"' + " + ".join(f"if(abs(x - ({x!r})) < {f.h[0] / 2!r}, {v!r}, 0)" for x, v in zip(map(float, f.x), map(float, f.p)) if v > 0) + '"'


def cells(cdf, f):
    e = np.append(f.x - f.h[0] / 2, f.x[-1] + f.h[0] / 2)
    return np.diff(cdf(e)) / f.h[0]


def mean_var(f, axis=0):
    x = f.axes[axis]
    w = f.p if len(f.n) == 1 else f.p.sum(axis=1 - axis)
    w = w / w.sum()
    m = (x * w).sum()
    return m, ((x - m) ** 2 * w).sum()


def survival_moments(r):
    """mean and second moment of the exit time from the survival in series.csv; the tail is exponential"""
    s = r.series()
    t, i = np.unique(s["t"], return_index=True)
    m = s["mass"][i]
    sp = interpolate.CubicSpline(t, m)
    fine = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in zip(t[:-1], t[1:])]))
    from scipy.integrate import simpson
    v = sp(fine)
    k = -math.log(m[-1] / m[len(m) // 2]) / (t[-1] - t[len(m) // 2]) if m[-1] > 1e-13 else 1.0
    T = t[-1]
    m1 = simpson(v, x=fine) + m[-1] / k
    m2 = 2 * simpson(fine * v, x=fine) + 2 * m[-1] * (T / k + 1 / k ** 2)
    return m1, m2


def exits(name, starts, exact, rtol, atol, side="x_upper", scale=None, **sets):
    res = []
    for i, x in enumerate(starts):
        r = Run(name, initial__point=x if isinstance(x, list) else [x], **sets)
        x0 = x[0] if isinstance(x, list) else x
        q = r.out(side) * (scale(x0) if scale else 1)
        e = exact(x0)
        res.append((f"at {x0:.6g}", abs(q - e), atol + rtol * abs(e)))
    return res


# ------------------------------------------------------------------ drivers
def gauss_l1(name, dim, tol):
    f = steady(name).last()
    q = np.exp(-f.x ** 2) / math.sqrt(math.pi) if dim == 1 else np.exp(-f.axes[0][:, None] ** 2 - f.axes[1][None, :] ** 2) / math.pi
    return [("mass", abs(f.mass() - 1), 1e-12), ("l1", np.abs(f.p - q).sum() * f.dv, tol)]


def p04(n):
    r, q = Run(n), steady(n).last()
    d = [np.abs(f.p - q.p).sum() * f.dv for f in r.frames()]
    return r.checks() + [("falls", 0.0 if all(b < a for a, b in zip(d, d[1:])) else 1.0, 0.5), ("distance at 10", d[-1], 1e-3)]


def p05(n):
    q = steady(n).last()
    return [("moved", np.abs(Run(n, initial__density=formula(q)).last().p - q.p).max(), 1e-3)]


def p06(n):
    r = Run(n)
    return r.checks() + [("variance", abs(mean_var(r.at(t))[1] - (0.04 * math.exp(-2 * t) + 0.5 * (1 - math.exp(-2 * t)))), 5e-3) for t in (0.5, 1, 2, 5)]


def p07(n):
    m, v = mean_var(steady(n).last())
    return [("mean", abs(m), 1e-10), ("variance", abs(v - 0.5), 1e-3)]


def p08(n):
    a, d = Run(n, time__end=1.5).last(), Run(n).last()
    b = Run(n, start=a, time__end=1.0).last()
    return [("largest difference", np.abs(b.p - d.p).max(), 1e-10)]


def spread(name, tol, cellwise=True):
    f = steady(name).last()
    return [("largest - smallest", f.p.max() - f.p.min(), tol), ("mass", abs(f.mass() - 1), 1e-12)]


def p10(n):
    res = []
    for b in ("reflecting", "periodic"):
        r = Run(n, axis__x__boundary=b)
        res += r.checks() + [("mass " + b, abs(r.last().mass() - 1), 1e-8)]
    m = [f.mass() for f in Run(n, axis__x__boundary="absorbing").frames()]
    return res + [("initial mass", abs(m[0] - 1), 1e-8), ("falls", 0.0 if all(b < a for a, b in zip(m, m[1:])) else 1.0, 0.5)]


def p12(n):
    h = 2 / 401
    res = []
    for x in (0.0, 0.3, 0.5, 0.7):
        c = round(x / h) * h
        m1, m2 = survival_moments(Run(n, initial__point=[c]))
        res.append((f"mean from {x}", abs(m1 - (1 - c * c)), 1e-3))
        if x == 0:
            v = m2 - m1 * m1
            res += [("variance", abs(v - 2 / 3), 1e-3), ("deviation/mean", abs(math.sqrt(v) / m1 - math.sqrt(2 / 3)), 1e-4)]
    return res


def rate(r, g, a, b):
    fa, fb = r.at(a), r.at(b)
    return math.log(fa.moment(g(fa)) / fb.moment(g(fb))) / (fb.t - fa.t)


def p13(n):
    res = []
    for k in (1, 2, 3, 4):
        e = (k * math.pi / 2) ** 2 / 2
        r = Run(n, initial__density=f'"1 + 0.5*cos({k}*pi*(x + 1)/2)"')
        res.append((f"mode {k}", abs(rate(r, lambda f: np.cos(k * math.pi * (f.x + 1) / 2), 0.1, 0.5) - e), max(0.05, 0.005 * e)))
    return res


def p14(n):
    res = []
    for k in (1, 2, 3):
        v = [rate(Run(n, initial__density=f'"1 + 0.5*{fn}({k}*x)"'), lambda f: g(k * f.x), 0.1, 0.5) for fn, g in (("cos", np.cos), ("sin", np.sin))]
        res += [(f"mode {k}", abs(v[0] - k * k / 2), 1e-2), (f"pair {k}", abs(v[0] - v[1]), 1e-6)]
    return res


def third(f3):
    return math.log((f3[0] - f3[1]) / (f3[1] - f3[2]))


def p15(n):
    r = Run(n)
    v = [r.at(t).moment(r.at(t).x ** 2) for t in (4, 5, 6)]
    return [("rate 1", abs(rate(r, lambda f: f.x, 4, 6) - 1), 1e-2), ("rate 2", abs(third(v) - 2), 1e-2)]


def p16(n):
    r = Run(n)
    X = lambda f: f.axes[0][:, None] + 0 * f.axes[1][None, :]
    Y = lambda f: f.axes[1][None, :] + 0 * f.axes[0][:, None]
    one = [rate(r, X, 3, 5), rate(r, Y, 3, 5)]
    fr = [r.at(t) for t in (3, 4, 5)]
    two = [rate(r, lambda f: X(f) * Y(f), 3, 5), third([f.moment(X(f) ** 2) for f in fr]), third([f.moment(Y(f) ** 2) for f in fr])]
    return [(f"rate {i}", abs(v - 1), 0.05) for i, v in enumerate(one)] + [("pair at 1", abs(one[0] - one[1]), 1e-6)] + [(f"rate {i}", abs(v - 2), 0.05) for i, v in enumerate(two)] + [("pair at 2", abs(two[1] - two[2]), 1e-6)]


def p17(n):
    res = []
    for x in (0.11, 0.29, 0.51, 0.69):
        q = [Run(n, initial__point=[s * x]).out("x_upper") for s in (1, -1)]
        res.append((f"q(x) + q(-x) at {x}", abs(sum(q) - 1), 1e-12))
    return res


def p18(n):
    a = Run(n)
    b = Run(n, axis__x__range=[-2.5, 0], axis__x__boundary='["reflecting", "absorbing"]', initial__gaussian="{ mean = [-1.0], covariance = [[0.02]] }")
    k = [math.log(r.at(50).mass() / r.at(60).mass()) / 10 for r in (a, b)]
    q = [r.last().p / r.last().mass() for r in (a, b)]
    return [("rates", abs(k[0] - k[1]) / k[0], 1e-6), ("mirrored law", np.linalg.norm(q[0] - q[1][::-1]) / np.linalg.norm(q[0]), 1e-5), ("normalised", abs(q[0].sum() * a.last().dv - 1), 1e-6)]


def p19(n):
    m = {}
    for x in (0.02, 0.5, 1.02, 1.5):
        m[x] = survival_moments(Run(n, initial__point=[x]))
    t0, s0 = m[0.02]
    cv = math.sqrt(s0 - t0 * t0) / t0
    return [("largest in the middle", max(0.0, max(v[0] for v in m.values()) - t0), 1e-3 * t0), ("deviation/mean in (0.5, 1.5)", abs(cv - 1), 0.5)]


def first_passage(t, v, s, B, x0):
    """densities at the upper and lower of two bounds +-B: image sums, exact for all t > 0"""
    def g(a, x, mu):
        w = 2 * B
        k = np.arange(-60, 61)[:, None]
        z = a + k * 2 * w
        tt = np.maximum(t, 1e-12)[None, :]
        d = (z / np.sqrt(2 * math.pi * s * s * tt ** 3) * np.exp(-z ** 2 / (2 * s * s * tt))).sum(0)
        return np.exp(mu * a / s ** 2 - mu * mu * t / (2 * s * s)) * d
    return g(B - x0, x0, v), g(B + x0, x0, -v)


def ddm(n):
    r = Run(n)
    text = open(case_file(n)).read()
    v = float(re.search(r"drift = \[(.*)\]", text)[1]); s = float(re.search(r"noise = \[\[(.*)\]\]", text)[1])
    B = float(re.search(r"range = \[.*, (.*)\]", text)[1]); x0 = float(re.search(r"point = \[(.*)\]", text)[1])
    dt = float(re.search(r"every = (.*)", text)[1]); tol = [float(x) for x in re.search(r"difference (.*), mean (.*), probabilities (.*)", text).groups()]
    S = r.series()
    T = r.s["time"]["end"]
    grid = np.arange(0, round(T / dt) + 1) * dt
    idx = [int(np.argmin(np.abs(S["t"] - g))) for g in grid]
    assert max(abs(S["t"][idx] - grid)) < 1e-9
    fine = (np.arange(len(grid) * 40 - 40) + 0.5) * dt / 40
    up, lo = first_passage(fine, v, s, B, x0)
    res = []
    undecided = 1.0
    for side, e in (("x_upper", up), ("x_lower", lo)):
        a = np.diff(S["outflow_" + side][idx]) / dt
        q = e.reshape(-1, 40).mean(1)
        res += [("largest " + side, np.abs(a - q).max(), tol[0]), ("mean " + side, np.abs(a - q).mean(), tol[1]), ("probability " + side, abs(a.sum() - q.sum()) * dt, tol[2])]
        undecided -= q.sum() * dt
    return res + [("undecided", abs(r.s["mass"]["final"] - undecided), tol[2])]


def split(u, L, D=1.0):
    """probability to leave at L, started at x, drift u > 0: also the steady profile between 0 and 1"""
    return lambda x: -math.expm1(-u * x / D) / -math.expm1(-u * L / D)


def p33(n):
    res = []
    for x in (0.005, 0.105, 0.505, 2.005, 5.005, 9.005, 9.905, 9.995):
        r = Run(n, initial__point=[x])
        e = -x / 10 + (1 + 1.0) * -math.expm1(-10 * x) / -math.expm1(-100)
        res.append((f"at {x}", abs(r.out("x_upper") + survival_moments(r)[0] - e), 1e-4 + 1e-4 * abs(e)))
    return res


def p35(n):
    E = special.expi
    q = lambda r: math.exp(10 * (2 - r)) * (E(10) - E(10 * r)) / (E(10) - E(20))
    return exits(n, [1.005, 1.015, 1.055, 1.105, 1.205, 1.355, 1.505, 1.755, 1.905, 1.995], q, 1e-5, 1e-3, "r_upper", lambda r: math.exp(10 * (2 - r)))


def p37(n):
    res = []
    for e in range(-3, 4):
        D = 1e-3 / 10.0 ** e
        ex = split(1.0, 1.0, D)
        res += [(f"Peclet 1e{e} " + a, b, c) for a, b, c in exits(n, [0.0005, 0.0015, 0.0105, 0.2005, 0.7005], ex, 1e-2, 1e-2, sde__parameters__D=D)]
    return res


def p41(n):
    L = 50.0
    e = lambda x: x if x < L / 4 else 10 * x - 9 * L / 4 if x < 3 * L / 4 else x + 18 * L / 4
    return exits(n, [0.5, 5.5, 11.5, 12.5, 13.5, 25.5, 36.5, 37.5, 38.5, 49.5], e, 1e-8, 1e-8, scale=lambda x: 5.5 * L)


def p44(n):
    res, best = [], None
    ring = Run(n).last()
    line = Run(n, axis__x__range=[0, 20], axis__x__cells=40, axis__x__boundary="reflecting").last()
    m = 2 * ring.p.max()
    return [("height lost", 1 - m, 0.23), ("ring and line", np.abs(2 * ring.p[10:15] - 2 * line.p[10:15]).max(), 1e-6), ("ring and line, wrapped", np.abs(2 * ring.p[:5] - 2 * line.p[20:25]).max(), 1e-6)]


def p46(n):
    res = []
    for side in (1, 0):
        r = Run(n) if side else Run(n, axis__x__boundary='["reflecting", "absorbing"]', initial__point=[0.03125])
        fr = r.frames()
        t = np.array([f.t for f in fr]); P = np.array([f.p for f in fr])
        from scipy.integrate import simpson
        integral = interpolate.CubicSpline(t, P).integrate(0, t[-1])
        # the start decays fast in its own cell: take the first interval from a finer run
        sets = {} if side else dict(axis__x__boundary='["reflecting", "absorbing"]', initial__point=[0.03125])
        g = Run(n, time__end=0.1, output__every=0.0005, **sets).frames()
        tg = np.array([f.t for f in g]); Pg = np.array([f.p for f in g])
        j = int(np.argmin(np.abs(t - 0.1)))
        integral = interpolate.CubicSpline(tg, Pg).integrate(0, tg[-1]) + interpolate.CubicSpline(t[j:], P[j:]).integrate(t[j], t[-1])
        x = fr[0].x
        c, e = (3 * integral, 3 * x) if side else (2 * integral, 2 - 2 * x)
        res.append(("right" if side else "left", (np.abs(c - e) / np.abs(e)).max(), 5e-3))
    return res


def p49(n):
    res = []
    ks = 1.3957 / math.sqrt(2048)
    for interp, m in (("klimontovich", 0.0), ("klimontovich", 1.0), ("ito", 0.0), ("ito", 1.0)):
        f = steady(n, sde__interpretation=interp, sde__parameters__m=m).last()
        d = np.abs(np.cumsum(f.p) * f.dv - stats.norm.cdf(f.x + f.h[0] / 2, scale=1 / math.sqrt(1.15))).max()
        res.append((f"{interp} m = {m:g}", d, ks) if (interp, m) != ("ito", 1.0) else ("ito differs", 0.0 if d > ks else 1.0, 0.5))
    return res


def p50(n):
    f = steady(n).last()
    P = f.p * f.dv
    g = max(np.abs(np.gradient(P, axis=i)).max() for i in range(P.ndim))
    return [("gradient", g, 1e-15), ("sum", abs(P.sum() - 1), 1e-15)]


def p52(n):
    f = steady(n).last()
    x = np.abs(np.append(f.x - f.h[0] / 2, f.x[-1] + f.h[0] / 2))
    e = np.abs(np.diff(stats.norm.sf(x)))
    e /= e.sum()
    return [("cells", (np.abs(f.p * f.dv - e) / (1e-15 + 1e-5 * e)).max(), 1.0)]


def p53(n):
    f = Run(n).last()
    S = 1 - math.exp(-0.8)
    e = np.exp(-(f.x - 3 * math.exp(-0.4)) ** 2 / 2 / S)
    return [("cells", np.abs(f.p * f.dv - e / e.sum()).max(), 2e-3)]


def p54(n):
    a, b = Run(n).last(), steady(n).last()
    return [("cells", np.abs(a.p - b.p).max() * a.dv, 1e-12)]


def p55(n):
    a, b, c, d = steady("52").last(), steady(n).last(), Run("53").last(), Run(n).last()
    return [("steady", np.abs(a.p - b.p).max() * a.dv, 1e-15), ("at 0.4", np.abs(c.p - d.p).max() * a.dv, 1e-15)]


def p56(n):
    f = steady(n).last()
    P = f.p * f.dv
    return [("sum", abs(P.sum() - 1), 1e-10), ("falls", max(0.0, -np.gradient(P).min()), 1e-10), ("far wall", 0.0 if P[-1] > P[0] else 1.0, 0.5)]


def p58(n, log):
    res = []
    for s in np.arange(2, 21) / 10:
        G = stats.gamma(1 / s ** 2, scale=s * s / 5)
        lo, hi = G.ppf(0.01), G.ppf(0.99)
        if log:
            lo = max(lo, 0.001)
            r = Run(n, axis__z__range=[math.log(lo), math.log(hi)], sde__parameters__s=float(s))
            f = r.last(); e = cells(lambda z: G.cdf(np.exp(z)), f)
        else:
            r = Run(n, axis__v__range=[lo, hi], sde__parameters__s=float(s))
            f = r.last(); e = cells(G.cdf, f)
        norm = G.cdf(hi) - G.cdf(lo)
        res.append((f"l1 at sigma {s:.1f}", np.abs(f.p - e / norm).sum() * f.dv * norm, 0.005))
    return res


def p60(n):
    f = Run(n).last()
    k, th, s, v0 = 1.2, 0.4, 0.7, 0.4
    c = 4 * k / (s * s * -math.expm1(-k)); lam = c * v0 * math.exp(-k); df = 4 * k * th / s ** 2
    # the peer takes point values at nodes, lowest 0.0002; cells have averages, so the averages are compared
    e = np.append(f.x - f.h[0] / 2, f.x[-1] + f.h[0] / 2)
    q = np.diff(stats.ncx2.cdf(c * e, df, lam)) / f.h[0]
    return [("largest difference", np.abs(f.p - q).max(), 0.002)]


heston_runs = {}


def heston(n, avg, scale=1.0, **sets):
    """prices to the tolerance of the case's checks (times scale), and their mean at every maturity"""
    key = (n, tuple(sorted((k, str(v)) for k, v in sets.items())))
    if key not in heston_runs:
        heston_runs[key] = Run(n, **sets)
    r = heston_runs[key]
    by = {}
    for k in r.s["checks"]:
        near = float(k["bound"].split("+-")[0])
        by.setdefault(k["at"], []).append(abs(k["value"] - near) / max(1.0, near))
    return [(l, e, w * scale) for l, e, w in r.checks()] + [(f"mean at {t:.3g}", sum(v) / len(v), avg) for t, v in by.items()]


def p76(n):
    res = []
    for a, b, top in ((10.0, 0.35, 1200), (50.0, 0.1, 2400)):
        r = Run(n, sde__parameters__a=a, sde__parameters__b=b, axis__f__range=[0, top])
        e = special.gammaincc(1 / (2 * (1 - b)), 100.5 ** (2 * (1 - b)) / (2 * a * a * (1 - b) ** 2 * 2.75))
        res += [(f"mass at zero, b = {b}", abs(r.out("f_lower") - e), 1e-4), ("total mass", r.s["mass"]["max_error"], 1e-4)]
    return res


def p77(n):
    res = []
    for k, th, s in ((1.0, 0.09, 0.5), (0.6, 0.1, 0.75), (0.6, 0.1, 0.05)):
        G = stats.gamma(2 * k * th / s ** 2, scale=s * s / 2 / k)
        top = max(1.0, float(G.isf(1e-13)))
        f = steady(n, axis__v__range=[0, top], sde__parameters__k=k, sde__parameters__th=th, sde__parameters__s=s).last()
        res.append((f"cdf for kappa {k}, theta {th}, sigma {s}", np.abs(np.cumsum(f.p) * f.dv - G.cdf(f.x + f.h[0] / 2)).max(), 1e-10))
    return res


def p78(n):
    r = Run(n)
    res = []
    S = r.series()
    for t in (0.1, 0.5, 1.0, 1.5):
        res.append((f"density at {t}", np.abs(Run(n, time__end=t).last().p - r.at(t).p).max(), 0.1))
    return res + [("sum", np.abs(S["mass"] + S["outflow_x_lower"] + S["outflow_x_upper"] - 1).max(), 0.01)]


def wall(n, L, tol, flux):
    r = Run(n, scheme__flux=flux)
    return [(l, e * L, tol) for l, e, _ in r.checks()]


def adept(n):
    r = Run(n)
    f = r.last(); f0 = r.frames()[0]
    m, v = mean_var(f); m0, v0 = mean_var(f0)
    # the start as the peer has it: point values at the centres, so its vbar and T are those in the file
    text = open(case_file(n)).read()
    vb, T = (float(re.search(rf"(?m)^{k} = (\S+)", text)[1]) for k in ("vbar", "T"))
    M = lambda a, b: (lambda g: g / g.sum() / f.dv)(np.exp(-(f.x - a) ** 2 / 2 / b))
    rm = lambda q: math.sqrt(((f.p - q) ** 2).sum() * f.dv)
    return r.checks() + [("temperature", abs(v / v0 - 1), 5e-3), ("momentum", abs(m - m0), 5e-5), ("rmse to its own Maxwellian", rm(M(m, v)), 1e-4), ("rmse to the expected", rm(M(vb, T)), 1e-2)]


def kurt(f):
    m, v = mean_var(f)
    return ((f.x - m) ** 4 * f.p).sum() / f.p.sum() / v ** 2


def sg(n, m, relax):
    r = Run(n)
    f0, f = r.frames()[0], r.last()
    k = math.gamma(5 / m) * math.gamma(1 / m) / math.gamma(3 / m) ** 2
    v0, v = mean_var(f0)[1], mean_var(f)[1]
    if relax:
        vm = math.sqrt(v * math.gamma(1 / m) / math.gamma(3 / m))
        q = np.exp(-(np.abs(f.x) / vm) ** m); q *= f.mass() / (q.sum() * f.dv)
    else:
        q = f0.p
    return r.checks() + [("temperature", abs(v / v0 - 1), 2e-2 if relax else 5e-3), ("kurtosis", abs(kurt(f) - k), 0.02), ("relative l2", np.linalg.norm(f.p - q) / np.linalg.norm(q), 1e-2 if relax else 5e-3)]


def p74(n):
    r = Run(n)
    a, b = r.at(10), r.last()
    return [("relative l2", np.linalg.norm(b.p - a.p) / np.linalg.norm(a.p), 1e-8), ("temperature", abs(mean_var(b)[1] / mean_var(a)[1] - 1), 1e-8)]


def checks(n):
    return Run(n).checks()


C10 = [i + 0.5 for i in range(10)]
some = [0.005, 0.015, 0.055, 0.105, 0.505, 2.005, 5.005, 9.005, 9.905, 9.995]
back = lambda x: math.exp(10 * (x - 10)) * math.expm1(-10 * x) / math.expm1(-100)
PROBLEMS = [
    ("01", lambda n: gauss_l1(n, 1, 5e-3)), ("02", lambda n: gauss_l1(n, 2, 5e-3)), ("03", lambda n: gauss_l1(n, 2, 1e-2)), ("04", p04), ("05", p05), ("06", p06), ("07", p07), ("08", p08),
    ("09", lambda n: spread(n, 1e-12)), ("10", p10), ("11", checks), ("12", p12), ("13", p13), ("14", p14), ("15", p15), ("16", p16), ("17", p17), ("18", p18), ("19", p19)] + [
    (str(i), ddm) for i in range(20, 31)] + [
    ("31", lambda n: exits(n, C10, split(10, 10), 1e-5, 1e-8)), ("32", lambda n: exits(n, some, back, 1e-10, 1e-10)), ("33", p33),
    ("34", lambda n: exits(n, [[x, 4.5] for x in C10], split(10, 10), 1e-10, 1e-10)), ("35", p35), ("36", lambda n: exits(n, some, split(10, 10), 1e-2, 1e-2)), ("37", p37), ("38", checks), ("39", checks),
    ("40", lambda n: exits(n, [0.5, 10.5, 24.5, 40.5, 49.5], lambda x: x / 50, 1e-10, 1e-10)), ("41", p41),
    ("42", lambda n: [("cells", np.abs(50 * Run(n).last().p - 1).max(), 1e-5)]), ("43", checks), ("44", p44),
    ("45", lambda n: exits(n, [(i + 0.5) / 16 for i in range(16)], lambda x: x, 5e-3, 0.0)), ("46", p46), ("47", checks), ("48", checks), ("49", p49),
    ("50", p50), ("51", p50), ("52", p52), ("53", p53), ("54", p54), ("55", p55), ("56", p56),
    ("57", checks), ("58", lambda n: p58(n, False)), ("59", lambda n: p58(n, True)), ("60", p60), ("61", lambda n: heston(n, 0.02)), ("62", lambda n: heston(n, 0.005)), ("62", lambda n: heston(n, 0.01, 1.5), "looser"), ("63", lambda n: heston(n, 0.01))] + [
    (str(i), adept) for i in range(64, 71)] + [
    ("71", lambda n: sg(n, 3.0, False)), ("72", lambda n: sg(n, 4.0, False)), ("73", lambda n: sg(n, 3.0, True)), ("74", p74), ("75", lambda n: [("kurtosis", abs(kurt(Run(n).last()) - 3), 0.02)]), ("76", p76), ("77", p77), ("78", p78)]
REMEDIES = [                                       # what a user can do about those that fail; printed, not counted
    ("38", lambda n: wall(n, 50, 7e-4, "auto"), "flux = auto"), ("39", lambda n: wall(n, 100, 2e-3, "auto"), "flux = auto"),
    ("61", lambda n: heston(n, 0.02, axis__x__cells=401, axis__v__cells=101), "401 x 101"), ("61r", lambda n: heston(n, 0.02), "401 x 101"),
    ("61r", lambda n: heston(n, 0.005, 0.4, axis__x__cells=1001), "1001 x 101, tolerances of 62"), ("63", lambda n: heston(n, 0.01, axis__x__cells=401, axis__v__cells=201), "401 x 201")]


KNOWN = {"38", "39", "62"}              # those that fail: README.md says why
QUICK = "01 02 03 05 06 08 09 11 13 17 18 20 27 31 35 38 41 43 44 45 47 48 50 52 53 54 56 57 59 60 64 69 73 76 77".split()


def main(args):
    js, quick = "--json" in args, "--quick" in args
    surprises = []
    pick = [a for a in args if not a.startswith("--")]
    total = passed = tenth = 0
    chosen = [p for p in PROBLEMS if p[0] in QUICK] if quick else PROBLEMS
    for counted, (key, f, *note) in [(True, p) for p in chosen] + [(False, p) for p in ([] if quick else REMEDIES)]:
        name = os.path.basename(case_file(key + "-"))[:-5] + "".join(f" ({x})" for x in note)
        if pick and not any(p in name for p in pick):
            continue
        t0 = time.time()
        try:
            label, e, tol = max(f(key + "-"), key=lambda x: x[1] / x[2] if x[1] == x[1] else math.inf)
            ratio = e / tol if e == e else math.inf
        except Exception as err:
            label, e, tol, ratio = f"{type(err).__name__}: {err}", math.nan, math.nan, math.inf
        dt = time.time() - t0
        if counted:
            total, passed, tenth = total + 1, passed + (ratio <= 1), tenth + (ratio <= 0.1)
            if (ratio > 1) != (key in KNOWN):
                surprises.append(f"{name} {'fails' if ratio > 1 else 'passes, and is in KNOWN'}")
        verdict = ("" if counted else "remedy: ") + ("FAILS" if ratio > 1 else "passes" if ratio > 0.1 else "passes a tenth")
        if js:
            print(json.dumps(dict(name=name, worst=label, error=e, tolerance=tol, ratio=ratio, seconds=round(dt, 2), verdict=verdict, counted=counted)), flush=True)
        else:
            print(f"{name:44s} {e:9.2e} of {tol:8.1e}  {ratio:9.3g}  {dt:6.2f} s  {verdict:14s}  {label}", flush=True)
    print(f"{total} problems: {passed} pass at the peer's tolerance, {tenth} at a tenth of it, {total - passed} fail")
    for surprise in surprises:
        print("unexpected: " + surprise)
    return 1 if surprises or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
