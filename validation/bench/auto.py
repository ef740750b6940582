#!/usr/bin/env python3
"""What `stepper = "auto"` costs beside the best stepper chosen by hand: `tools/bench auto [--repeat N] [--threads N] [CASE...]`.

Eight problems, every adaptive stepper that serves them with the same tolerance and the same promise of p >= 0; the fastest of --repeat runs counts
(seconds.stepping of summary.json). The last column is the time of the row that auto takes over that of the fastest row.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

LINE = '[[axis]]\nname = "x"\nrange = [%s]\ncells = %d\nboundary = "reflecting"\n'
PLANE = LINE + '[[axis]]\nname = "y"\nrange = [%s]\ncells = %d\nboundary = "reflecting"\n'
ROTATING = (PLANE % ("-5, 5", 128, "-5, 5", 128)) + (
    '[sde]\ndrift = ["-x + 2*y", "-y - 2*x"]\ndiffusion = [[0.5, 0], [0, 0.5]]\n'
    "[initial]\ngaussian = { mean = [1.5, 0], covariance = [[0.1, 0], [0, 0.1]] }\n"
)
WELL = (LINE % ("-2.5, 2.5", 1024)) + '[sde]\npotential = "x^4/4 - x^2/2"\ntemperature = 0.1\n[initial]\ngaussian = { mean = [-1], covariance = [[0.05]] }\n'

# name, case, end, tolerance, frames, further lines of [scheme]
PROBLEMS = [
    ("ou_1d", (LINE % ("-6, 6", 400)) + '[sde]\ndrift = ["-x"]\nnoise = [[1]]\n[initial]\ngaussian = { mean = [2], covariance = [[0.09]] }\n', 1, 1e-6, 10, "positive = true"),
    ("double_well_1d", WELL, 100, 1e-6, 1, "positive = true"),
    ("double_well_1d_signed", WELL, 100, 1e-6, 1, "positive = false"),
    ("rotating_ou", ROTATING, 1, 1e-6, 5, "positive = true"),
    ("rotating_ou_signed", ROTATING, 1, 1e-4, 1, "positive = false"),
    ("tensor", (PLANE % ("-5, 5", 96, "-5, 5", 96)) + '[sde]\ndrift = ["-x", "-y"]\ndiffusion = [[1, 0.6], [0.6, 0.5]]\n'
     "[initial]\ngaussian = { mean = [1, 0], covariance = [[0.2, 0], [0, 0.2]] }\n", 1, 1e-5, 2, "positive = true"),
    ("vp_1d", (LINE % ("-6, 6", 512)) + '[sde]\nmodel = "vp"\nbeta = "0.1 + 19.9*t"\n[initial]\n'
     "mixture = [{ weight = 0.4, mean = [-1.5], covariance = [[0.04]] }, { weight = 0.6, mean = [1], covariance = [[0.09]] }]\n", 1, 1e-6, 10, "positive = true"),
    ("driven_1d", (LINE % ("-6, 6", 400)) + '[sde]\ndrift = ["-x + sin(3*t)"]\nnoise = [[1]]\n[initial]\ngaussian = { mean = [1], covariance = [[0.09]] }\n', 2, 1e-6, 4, "positive = true"),
]


class Runner:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder

    def steppers(self):
        listed = subprocess.run([self.options.fokker, "list", "steppers", "--json"], check=True, capture_output=True, text=True).stdout
        return ["auto"] + [row["name"] for row in json.loads(listed)["rows"] if row["name"] not in ("auto", "euler", "ssprk3", "rk4", "backward_euler", "crank_nicolson")]

    def seconds(self, case, stepper):
        """The fastest run and the stepper it took; None where the program refuses or fails."""
        out = os.path.join(self.folder, "run")
        command = [self.options.fokker, "run", case, "--out", out, "--force", "-q", "--progress", "never", "--threads", str(self.options.threads)]
        command += ["--set", "time.stepper=" + stepper]
        best, taken = None, None
        for _ in range(self.options.repeat):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=self.options.patience)
            except subprocess.TimeoutExpired:
                return None, None
            if done.returncode != 0:
                return None, None
            summary = json.load(open(os.path.join(out, "summary.json")))
            taken = summary["time"]["stepper"]
            best = min(summary["seconds"]["stepping"], best or float("inf"))
        return best, taken


def main():
    parser = argparse.ArgumentParser(prog="tools/bench auto", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fokker", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--patience", type=float, default=60, help="seconds after which a run is given up")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(options, folder)
        for name, text, end, tolerance, frames, scheme in PROBLEMS:
            if options.case and name not in options.case:
                continue
            case = os.path.join(folder, name + ".toml")
            with open(case, "w") as file:
                file.write(text + "[scheme]\n%s\n[time]\nend = %g\ntolerance = %g\n[output]\nframes = %d\n" % (scheme, end, tolerance, frames))
            rows = {stepper: runner.seconds(case, stepper) for stepper in runner.steppers()}
            served = {stepper: best for stepper, (best, _) in rows.items() if best is not None and stepper != "auto"}
            taken = rows["auto"][1]
            if taken is None:
                sys.exit(name + ": auto fails")
            ratio = served[taken] / min(served.values())
            worst = max(worst, ratio)
            costs = "  ".join("%s %.3g" % (stepper, 1e3 * best) for stepper, best in sorted(served.items(), key=lambda row: row[1]))
            print("%-22s auto takes %-18s %5.2f x the best   [ms] %s" % (name, taken, ratio, costs), flush=True)
    print("worst ratio %.2f" % worst)


if __name__ == "__main__":
    main()
