#!/usr/bin/env python3
"""The tables of docs/infinite_ranges.md: chosen boxes against closed forms and wider boxes, closures that are wrong, tails and questions."""
import json
import math
import os
import pathlib
import subprocess
import tempfile
import tomllib

PROGRAM = os.environ.get("FOKKER_PROGRAM", str(pathlib.Path(__file__).resolve().parents[2] / "build/fokker"))
AXIS = '[[axis]]\nname = "{}"\nrange = [{}, {}]\ncells = {}\nboundary = "reflecting"\n'

EXACT = [
    ("Ornstein-Uhlenbeck, N(2, 0.04)", 256, "-inf", 'drift = "-x"\nnoise = 1', "gaussian = { mean = [2], covariance = [[0.04]] }", 3, "true"),
    ("Brownian motion with drift", 256, "-inf", "drift = 0.5\nnoise = 1", "gaussian = { mean = [0], covariance = [[0.25]] }", 4, "true"),
    ("geometric growth, the mean against e^0.1", 800, "0", 'drift = "0.1*x"\nnoise = "0.2*x"', "gaussian = { mean = [1], covariance = [[0.01]] }", 1, None),
    ("vp, two Gaussians", 256, "-inf", 'model = "vp"\nbeta = "0.1 + 19.9*t"',
     "mixture = [{ weight = 0.5, mean = [-2], covariance = [[0.04]] }, { weight = 0.5, mean = [2], covariance = [[0.04]] }]", 1, "true"),
    ("ve, 0.1*50^t", 512, "-inf", 'model = "ve"\nsigma = "0.1*50^t"',
     "mixture = [{ weight = 0.5, mean = [-2], covariance = [[0.25]] }, { weight = 0.5, mean = [2], covariance = [[0.25]] }]", 1, "true"),
    ("a pulse of 2 ms at t = 9 of 10", 256, "-inf", 'drift = 0\ndiffusion = "1e-3 + 1000*exp(-((t - 9)/1e-3)^2)"', "gaussian = { mean = [0], covariance = [[1]] }", 10, "true"),
    ("a component of 1e-6 at 40", 2000, "-inf", 'drift = "-x"\nnoise = 1',
     "mixture = [{ weight = 0.999999, mean = [0], covariance = [[0.5]] }, { weight = 1e-6, mean = [40], covariance = [[0.25]] }]", 1, "true"),
    ("lengths of 1e9", 256, "-inf", 'drift = "-x/1e6"\nnoise = 1e6', "gaussian = { mean = [1e9], covariance = [[1e16]] }", 3e6, "true"),
    ("lengths of 1e-12", 256, "-inf", 'drift = "-1e6*x"\nnoise = 1e-9', "gaussian = { mean = [1e-12], covariance = [[1e-24]] }", 3e-6, "true"),
]
WRONG = [
    ("two wells, from the saddle", 'drift = "x - x^3"\nnoise = 0.3', "gaussian = { mean = [0], covariance = [[0.01]] }", 20),
    ("a slope that begins at 3, from 0", 'drift = "if(x > 3, 40, 0)"\nnoise = 1', "point = [0]", 0.6),
    ("a second well at 8, deeper", 'potential = "0.05*x^2*(x - 8)^2/4 - 0.1*x"\ntemperature = 0.3', "gaussian = { mean = [0], covariance = [[0.1]] }", 3),
    ("a wall of drift that moves, x = 2 + t", 'drift = "if(x > 2 + t, -1, 1)"\nnoise = 0.5', "gaussian = { mean = [0], covariance = [[0.1]] }", 5),
    ("D = (1 + x^2)/2, tails x^-4", 'drift = "-x"\nnoise = "sqrt(1 + x^2)"', "gaussian = { mean = [0], covariance = [[1]] }", 3),
    ("D = 1/2 + x^2, tails x^-3", 'drift = "-x"\ndiffusion = "0.5 + x^2"', "gaussian = { mean = [0], covariance = [[0.2]] }", 3),
]
# name, cells, lower, sde, start, end, the variance
TAILS = [
    ("D = (1 + x^2)/2, tails x^-4", 200, "-inf", 'drift = "-x"\nnoise = "sqrt(1 + x^2)"', "gaussian = { mean = [0], covariance = [[1]] }", 20, 1),
    ("the same", 2000, "-inf", 'drift = "-x"\nnoise = "sqrt(1 + x^2)"', "gaussian = { mean = [0], covariance = [[1]] }", 20, 1),
    ("f = -2 x, tails x^-6", 200, "-inf", 'drift = "-2*x"\nnoise = "sqrt(1 + x^2)"', "gaussian = { mean = [0], covariance = [[1]] }", 10, 1 / 3),
    ("D = 1/2 + 0.9 x^2, no variance at rest", 200, "-inf", 'drift = "-x"\ndiffusion = "0.5 + 0.9*x^2"', "gaussian = { mean = [0], covariance = [[1]] }", 3,
     5 - 4 * math.exp(-0.6)),
    ("f = 1 - x, D = x^2/2 on [0, inf], tail x^-4", 200, "0", 'drift = "1 - x"\nnoise = "x"', "gaussian = { mean = [1], covariance = [[0.04]] }", 20, 1),
    ("geometric growth, noise 0.5 x", 400, "0", 'drift = "0.1*x"\nnoise = "0.5*x"', "gaussian = { mean = [1], covariance = [[0.01]] }", 2,
     1.01 * math.exp(0.9) - math.exp(0.4)),
    ("Ornstein-Uhlenbeck", 200, "-inf", 'drift = "-x"\nnoise = "sqrt(2)"', "gaussian = { mean = [0], covariance = [[1]] }", 2, 1),
]
QUESTIONS = [("expectations", "exp(5*x)", math.exp(12.5)), ("expectations", "exp(7*x)", math.exp(24.5)), ("probabilities", "x > 7", math.erfc(7 / math.sqrt(2)) / 2),
             ("expectations", "max(x - 7, 0)", 1.7603e-13), ("probabilities", "x > 40", 0.0), ("expectations", "exp(0.6*x^2)", math.inf)]


def fokker(text, folder, verb="run"):
    case = folder / "case.toml"
    case.write_text(text)
    done = subprocess.run([PROGRAM, verb, str(case), "--out", str(folder / "run"), "--force", "--json"], capture_output=True, text=True)
    return json.loads(done.stdout), done.stderr, tomllib.loads((folder / "run/resolved.toml").read_text())


def case_text(lower, upper, cells, sde, start, end, exact):
    compare = f"[compare]\nexact = {exact}\n" if exact else ""
    return AXIS.format("x", lower, upper, cells) + f"[sde]\n{sde}\n[initial]\n{start}\n[time]\nend = {end}\n{compare}"


def exact_rows(folder):
    for name, cells, lower, sde, start, end, exact in EXACT:
        found, _, resolved = fokker(case_text(lower, "inf", cells, sde, start, end, exact), folder)
        axis = resolved["axis"][0]
        a, b = axis["range"]
        width, more = (b - a) / axis["cells"], axis["cells"] // 5
        below = 0 if lower == "0" else more
        wide, _, _ = fokker(case_text(a - below * width, b + more * width, axis["cells"] + below + more, sde, start, end, exact), folder)
        l1 = [run["compare"]["exact"]["l1"] if exact else abs(run["moments"]["mean"][0] / math.exp(0.1) - 1) for run in (found, wide)]
        box = found["box"]["x"]
        widened = max(side["widened"] for side in box.values())
        felt = max(side["felt"] for side in box.values())
        yield f"| {name} | {a:.6g} .. {b:.6g} | {widened} | {felt:.1e} | {l1[0]:.4e} | {l1[1]:.4e} |"


def wrong_rows(folder):
    for name, sde, start, end in WRONG:
        found, said, resolved = fokker(case_text("-inf", "inf", 200, sde, start, end, None), folder)
        axis, box = resolved["axis"][0], found["box"]["x"]
        warned = "yes" if "axis.x.range" in " ".join(found["warnings"]) else "no"
        yield (f"| {name} | {axis['range'][0]:.4g} .. {axis['range'][1]:.4g} | {axis['cells']} | {box['lower']['widened']}, {box['upper']['widened']} "
               f"| {max(side['felt'] for side in box.values()):.1e} | {warned} |")


def tail_rows(folder):
    for name, cells, lower, sde, start, end, exact in TAILS:
        found, _, resolved = fokker(case_text(lower, "inf", cells, sde, start, end, None), folder)
        axis, box = resolved["axis"][0], found["box"]["x"]
        told = sum(side["variance_beyond"] for side in box.values())
        warned = "yes" if "variance" in " ".join(found["warnings"]) else "no"
        yield (f"| {name} | {cells} | {axis['range'][0]:.4g} .. {axis['range'][1]:.4g} | {axis['cells']} | {exact:.6f} "
               f"| {1 - found['moments']['covariance'][0][0] / exact:.1e} | {told:.1e} | {warned} |")


def question_rows(folder):
    sde, start = 'drift = "-x"\nnoise = "sqrt(2)"', "gaussian = { mean = [0], covariance = [[1]] }"
    for kind, asked, exact in QUESTIONS:
        text = case_text("-inf", "inf", 400, sde, start, 1, None) + f'[output]\nframes = 2\n{kind} = {{ it = "{asked}" }}\n'
        found, _, resolved = fokker(text, folder)
        axis = resolved["axis"][0]
        said = [warning.split(";")[0] for warning in found["warnings"] if f"output.{kind}.it" in warning]
        yield f"| {asked} | {axis['range'][0]:.4g} .. {axis['range'][1]:.4g} | {axis['cells']} | {found[kind]['it']:.5g} | {exact:.5g} | {said[0] if said else 'no'} |"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for head, rows in [
            ("case | box | widened | felt | error, chosen box | error, wider box", exact_rows),
            ("case, 200 cells | box | cells in the end | widened below, above | felt | warned", wrong_rows),
            ("case | cells | box | cells in the end | variance | missing of it | told | warned", tail_rows),
            ("asked of N(0, 1), 400 cells | box | cells in the end | answer | true | warned", question_rows),
        ]:
            print(f"| {head} |\n|{'---|' * len(head.split(' | '))}")
            for row in rows(folder):
                print(row)
            print()


if __name__ == "__main__":
    main()
