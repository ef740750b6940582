#!/usr/bin/env python3
"""Error against time of the two forms on six problems with closed forms: `tools/bench forms [--picture FILE.svg] [--repeat N] [CASE...]`.

Every problem is solved on grids of doubling size by drift plus diffusion and by the effective drift, stepper and tolerance as a user would leave them ("auto", 1e-6),
and by drift plus diffusion with `flux = "auto"`. Seconds are those of stepping on one thread, the fastest of --repeat runs; errors are l1 against the closed form at the end. A run longer than
--patience ends its curve.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

AXIS = '[[axis]]\nname = "%s"\nrange = [%s]\ncells = 10\nboundary = "reflecting"\n'
MIXTURE = "mixture = [{ weight = 0.4, mean = [-1.5], covariance = [[0.04]] }, { weight = 0.6, mean = [1], covariance = [[0.16]] }]"
MOONS = ", ".join(
    "{ weight = 0.125, mean = [%.4f, %.4f], covariance = [[0.05, 0], [0, 0.05]] }" % (s * (math.cos(a) - 0.5), s * (math.sin(a) - 0.25))
    for s in (1, -1) for a in (0.2, 1.1, 2.0, 2.9)
)

# name, what it is, axes, [sde] and [initial], end, exact, cells
PROBLEMS = [
    ("ou_1d", "Ornstein-Uhlenbeck, one axis", [("x", "-2, 5")],
     '[sde]\ndrift = ["0.75 - 1.5*x"]\nnoise = [["0.8"]]\n[initial]\ngaussian = { mean = [2], covariance = [[0.25]] }\n', 1, "true", (50, 100, 200, 400, 800)),
    ("geometric_brownian", "geometric Brownian motion", [("x", "0, 20")],
     '[sde]\ndrift = ["0.1*x"]\nnoise = [["0.5*x"]]\n[initial]\ndensity = "exp(-log(x)^2/0.08)/(x*sqrt(2*pi*0.04))"\n', 2,
     '"exp(-(log(x) + 0.025*t)^2/(2*(0.04 + 0.25*t)))/(x*sqrt(2*pi*(0.04 + 0.25*t)))"', (250, 500, 1000, 2000, 4000)),
    ("sub_vp_mixture", "sub-VP diffusion of a mixture", [("x", "-5, 5")],
     '[sde]\nmodel = "sub_vp"\nschedule = "linear"\n[initial]\n%s\n' % MIXTURE, 0.3, "true", (100, 200, 400, 800, 1600)),
    ("rotating_ou", "rotating Ornstein-Uhlenbeck", [("x", "-4.5, 4.5"), ("y", "-4.5, 4.5")],
     '[sde]\ndrift = ["-x - 2*y", "2*x - y"]\nnoise = [[1, 0], [0, 1]]\n[initial]\ngaussian = { mean = [1.5, 0], covariance = [[0.1, 0], [0, 0.1]] }\n', 1, "true",
     (32, 64, 128, 256)),
    ("vp_two_moons", "VP diffusion of two moons", [("x", "-4.5, 4.5"), ("y", "-4.5, 4.5")],
     '[sde]\nmodel = "vp"\nschedule = "linear"\n[initial]\nmixture = [%s]\n' % MOONS, 0.1, "true", (32, 64, 128, 256)),
    ("inertia", "oscillator with inertia", [("x", "-10, 10"), ("v", "-10, 10")],
     '[sde]\ndrift = ["v", "-0.1*v - x"]\nnoise = [[0], ["sqrt(0.2)"]]\n[initial]\ngaussian = { mean = [5, 5], covariance = [["1/4", 0], [0, "1/4"]] }\n', 5, "true",
     (64, 128, 256)),
]
# name, what is set, colour and dashes of its curve
CURVES = [
    ("drift + diffusion", ["scheme.form=drift_diffusion"], "#0072b2", ""),
    ("effective drift", ["scheme.form=effective_drift"], "#d55e00", ""),
    ("drift + diffusion, flux auto", ["scheme.form=drift_diffusion", "scheme.flux=auto"], "#009e73", "5 3"),
]


def write_case(folder, problem):
    name, _, axes, model, end, exact, _ = problem
    path = os.path.join(folder, name + ".toml")
    with open(path, "w") as file:
        file.write("".join(AXIS % axis for axis in axes) + model)
        file.write("[time]\nend = %g\ntolerance = 1e-6\n[output]\nframes = 1\nfields = [\"p\"]\n[compare]\nexact = %s\n" % (end, exact))
    return path


def solve(options, case, axes, cells, settings, folder):
    """Fastest seconds, l1 and the stepper; None where the program refuses, fails or takes too long."""
    out = os.path.join(folder, "run")
    command = [options.fokker, "run", case, "--out", out, "--force", "-q", "--progress", "never", "--threads", "1"]
    for setting in settings + ["axis.%s.cells=%d" % (axis[0], cells) for axis in axes]:
        command += ["--set", setting]
    fastest = None
    for _ in range(options.repeat):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=options.patience)
        except subprocess.TimeoutExpired:
            return None, "longer than %g s" % options.patience
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or ["exit code %d" % done.returncode])[-1]
        summary = json.load(open(os.path.join(out, "summary.json")))
        seconds = summary["seconds"]["stepping"]
        if fastest is None or seconds < fastest[0]:
            fastest = seconds, summary["compare"]["exact"]["l1"], summary["time"]["stepper"]
    return fastest, None


def measure(options, folder):
    """problem -> curve -> [(cells, seconds, l1, stepper)]"""
    results = {}
    for problem in PROBLEMS:
        name, _, axes, _, _, _, grids = problem
        if options.case and name not in options.case:
            continue
        case, results[name] = write_case(folder, problem), {}
        for curve, settings, _, _ in CURVES:
            points = results[name][curve] = []
            for cells in grids:
                found, why = solve(options, case, axes, cells, settings, folder)
                if found is None:
                    print("%s, %s, %d cells: %s" % (name, curve, cells, why), file=sys.stderr)
                    break
                points.append((cells, *found))
                print("%-20s %-30s %5d %-18s %9.2e s  l1 %8.1e" % (name, curve, cells, found[2], found[0], found[1]), flush=True)
    return results


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def panel(problem, curves, left, top, width, height):
    """One plot with logarithmic axes; both have their own decades."""
    points = [point for curve in curves.values() for point in curve]
    (x0, x1), (y0, y1) = decades([p[1] for p in points]), decades([p[2] for p in points])

    def x(seconds):
        return left + width * (math.log10(seconds) - x0) / (x1 - x0)

    def y(l1):
        return top + height * (y1 - math.log10(l1)) / (y1 - y0)

    parts = ['<text x="%g" y="%g" class="title">%s</text>' % (left, top - 8, problem[1])]
    for k in range(x0, x1 + 1):
        parts.append('<path class="grid" d="M%.1f %gv%g"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>' % (x(10.0**k), top, height, x(10.0**k), top + height + 14, power(k)))
    for k in range(y0, y1 + 1):
        parts.append('<path class="grid" d="M%g %.1fh%g"/><text x="%g" y="%.1f" text-anchor="end">%s</text>' % (left, y(10.0**k), width, left - 5, y(10.0**k) + 4, power(k)))
    for name, _, colour, dashes in CURVES:
        at = [(x(seconds), y(l1)) for _, seconds, l1, _ in curves[name]]
        if not at:
            continue
        parts.append('<path fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s" d="M%s"/>' % (colour, dashes, "L".join("%.1f %.1f" % a for a in at)))
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*a, colour) for a in at]
    return "\n".join(parts)


def power(k):
    return '10<tspan dy="-4" font-size="8">%s</tspan>' % str(k).replace("-", "−")


def draw(results, path):
    width, height, gap_x, gap_y = 230, 170, 62, 62
    shown = [problem for problem in PROBLEMS if problem[0] in results]
    rows = (len(shown) + 2) // 3
    total_x, total_y = 3 * (width + gap_x) + 10, rows * (height + gap_y) + 60
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="DejaVu Sans, sans-serif" font-size="11">' % (total_x, total_y),
             "<style>.grid{stroke:#ddd;fill:none}.title{font-size:13px;font-weight:bold}</style>", '<rect width="100%" height="100%" fill="white"/>']
    for k, problem in enumerate(shown):
        parts.append(panel(problem, results[problem[0]], 50 + k % 3 * (width + gap_x), 30 + k // 3 * (height + gap_y), width, height))
    across = 50
    for name, _, colour, dashes in CURVES:
        parts.append('<path stroke="%s" stroke-width="2" stroke-dasharray="%s" d="M%d %dh30"/><text x="%d" y="%d">%s</text>' % (colour, dashes, across, total_y - 40, across + 36, total_y - 36, name))
        across += 60 + 7 * len(name)
    parts.append('<text x="50" y="%d">l1 against the closed form (upwards) over seconds of stepping on one thread (to the right); every point is a grid, twice as fine as the one before</text>' % (total_y - 14))
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench forms", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fokker", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--patience", type=float, default=60, help="seconds after which a run is given up")
    parser.add_argument("--picture", help="an SVG file to draw")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(options, folder)
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
