#!/usr/bin/env python3
"""Time to a given error for the work problems of docs/performance.md: `tools/bench solves [--repeat N] [--threads N] [--peers] [--limit PROGRAM] [WORK...]`.

Every row is run --repeat times; the fastest counts (seconds.stepping of summary.json: the solve, factorisations included; no set-up, output or
witnesses). For W4, particles, the seconds of the witness count. Errors are integral l1 norms: against the closed form, or for W2 against the same case on 27 times as many cells. With --peers the scripts under
validation/bench/peers/ run as well, in the same invocation, and every row is compared with the best peer that reaches the row's goal.
With --limit PROGRAM (bench_limit) the kernels written by hand for W1 run before and after, and every row is compared with the fastest on its
grid that reaches its goal: "x limit", fokker over the kernel.
"""
import argparse
import base64
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "..", "..", "tools", "bench_cases")

# work, l1 goal, verb, case, method, grid, what is set beside the case. Rows whose stepper or flux `fokker list` does not know are left out.
ROWS = [
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, auto, positive", 256, ["scheme.positive=true", "time.tolerance=1e-4"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, peaceman_rachford, positive", 256, ["scheme.positive=true", "time.stepper=peaceman_rachford", "time.dt=0.025"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, chebyshev, positive", 256, ["scheme.positive=true", "time.stepper=chebyshev"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, dopri5", 256, ["scheme.positive=true", "time.stepper=dopri5", "time.tolerance=1e-4"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, rkc2", 256, ["scheme.positive=false", "time.stepper=rkc2", "time.tolerance=1e-4"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, chebyshev", 256, ["scheme.positive=false", "time.stepper=chebyshev", "time.tolerance=1e-4"]),
    ("W1", 2.7e-3, "run", "w1", "scharfetter_gummel, hundsdorfer_verwer", 256, ["scheme.positive=false", "time.stepper=hundsdorfer_verwer", "time.tolerance=1e-4"]),
    ("W1", 1e-3, "run", "w1", "central4, chebyshev", 96, ["scheme.flux=central4", "scheme.positive=false", "time.stepper=chebyshev", "time.tolerance=1e-5"]),
    ("W1", 1e-3, "run", "w1", "central4_positive, chebyshev", 96, ["scheme.flux=central4_positive", "time.stepper=chebyshev", "time.tolerance=1e-5"]),
    ("W1", 1e-3, "run", "w1", "central4_positive, rkc2", 96, ["scheme.flux=central4_positive", "time.stepper=rkc2", "time.tolerance=1e-5"]),
    ("W1", 1e-3, "run", "w1", "auto, auto", 96, ["scheme.flux=auto", "time.tolerance=1e-5"]),
    ("W1", 1e-5, "run", "w1", "central4, chebyshev", 256, ["scheme.flux=central4", "scheme.positive=false", "time.stepper=chebyshev", "time.tolerance=1e-7"]),
    ("W1", 1e-5, "run", "w1", "central4_positive, chebyshev", 256, ["scheme.flux=central4_positive", "time.stepper=chebyshev", "time.tolerance=1e-7"]),
    ("W2", 1e-5, "run", "w2", "talbot", 1024, ["scheme.positive=false", "time.stepper=talbot"]),
    ("W2", 1e-5, "run", "w2", "tr_bdf2, positive", 1024, ["time.stepper=tr_bdf2", "time.tolerance=1e-6"]),
    ("W2", 1e-6, "run", "w2", "talbot", 3072, ["scheme.positive=false", "time.stepper=talbot"]),
    ("W3", 1e-3, "steady", "w3", "double well, drift given", 512, []),
    ("W3", 1e-6, "steady", "w3_potential", "double well, potential given", 512, []),
    ("W3", 1e-3, "steady", "w3_rotating", "rotating OU", 512, []),
    ("W4", None, "run", "w4", "euler_maruyama, OU", 1000000, []),
    ("W4", None, "run", "w4_well", "euler_maruyama, double well", 1000000, []),
]
W2_REFERENCE = 27648


def density(file):
    """The array p of a .vti: inline binary, zlib blocks behind a header of their sizes."""
    text = open(file).read()
    header = {"UInt32": "I", "UInt64": "Q"}[re.search(r'header_type="(\w+)"', text)[1]]
    array = re.search(r'<DataArray[^>]*Name="p"[^>]*>\s*([^<]*?)\s*<', text)[1]
    size = struct.calcsize(header)

    def numbers(encoded, count):
        return struct.unpack("<" + header * count, base64.b64decode(encoded)[: size * count])

    blocks = numbers(array[:12], 1)[0]
    width = (3 + blocks) * size
    characters = (width + 2) // 3 * 4
    sizes = numbers(array[:characters], 3 + blocks)[3:]
    packed, data, at = base64.b64decode(array[characters:]), b"", 0
    for length in sizes:
        data += zlib.decompress(packed[at : at + length])
        at += length
    return struct.unpack("<%dd" % (len(data) // 8), data)


def coarse(values, cells):
    factor = len(values) // cells
    return [sum(values[i * factor : (i + 1) * factor]) / factor for i in range(cells)]


class Fokker:
    def __init__(self, program, threads, folder):
        self.program, self.threads, self.folder = program, threads, folder

    def known(self):
        names = set()
        for what in ("steppers", "fluxes"):
            names |= {row["name"] for row in json.loads(self.output("list", what, "--json"))["rows"]}
        return names

    def output(self, *arguments):
        return subprocess.run([self.program, *arguments], check=True, capture_output=True, text=True).stdout

    def serves(self, verb):
        return subprocess.run([self.program, verb, "--help"], capture_output=True).returncode == 0

    def solve(self, verb, case, settings):
        """The summary and the folder; None with the program's own words when it refuses."""
        out = os.path.join(self.folder, "run")
        command = [self.program, verb, os.path.join(CASES, case + ".toml"), "--out", out, "--force", "-q", "--progress", "never"]
        command += ["--threads", str(self.threads)]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 5):
            return None, (done.stderr.strip().splitlines() or ["exit code %d" % done.returncode])[0]
        return json.load(open(os.path.join(out, "summary.json"))), out


def cells_of(case, cells):
    if case.startswith("w4"):
        return []
    axes = ["x"] if case == "w2" else ["x", "y"]
    return ["axis.%s.cells=%d" % (axis, cells) for axis in axes]


def measure(fokker, row, repeat, reference):
    work, goal, verb, case, method, cells, settings = row
    seconds, l1 = [], None
    for _ in range(repeat):
        summary, where = fokker.solve(verb, case, cells_of(case, cells) + settings)
        if summary is None:
            print("%s %s: %s" % (work, method, where), file=sys.stderr)
            return None
        seconds.append((summary["compare"]["monte_carlo"] if work == "W4" else {"seconds": summary["seconds"]["stepping"]})["seconds"])
    if work == "W4":
        l1 = None
    elif case == "w2":
        p = density(os.path.join(where, "density_000001.vti"))
        l1 = sum(abs(a - b) for a, b in zip(p, coarse(reference, cells))) * 5.0 / cells
    else:
        l1 = summary["compare"]["exact"]["l1"]
    return {"work": work, "goal": goal, "by": "fokker", "method": method, "grid": cells, "l1": l1, "seconds": min(seconds)}


def peers(works, folder, reference):
    """Every script prints one JSON object per line: work, by, method, grid, l1, seconds. W2 is given the reference density."""
    file = os.path.join(folder, "w2.json")
    json.dump(reference, open(file, "w"))
    rows = []
    scripts = sorted(name for name in os.listdir(os.path.join(HERE, "peers")) if name.endswith(".py") and not name.startswith("_"))
    for name in scripts:
        done = subprocess.run(["/usr/bin/python3", os.path.join(HERE, "peers", name), "--reference", file, *works], capture_output=True, text=True)
        if done.returncode != 0:
            print("peer %s: %s" % (name, (done.stderr.strip().splitlines() or ["failed"])[-1]), file=sys.stderr)
        rows += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return rows


def limits(program, threads):
    done = subprocess.run([program, "--threads", str(threads)], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def over_limit(row, others):
    if row["by"] != "fokker" or row["work"] != "W1":
        return "-"
    reached = [each["seconds"] for each in others if each["by"] == "limit" and each["grid"] == row["grid"] and reaches(each, row)]
    return "%.1f" % (row["seconds"] / min(reached)) if reached else "-"


def table(rows, others):
    best = {}
    for row in rows:
        reached = [peer["seconds"] for peer in others if peer["by"] != "limit" and peer["work"] == row["work"] and same_problem(peer, row) and reaches(peer, row)]
        best[id(row)] = min(reached) / row["seconds"] if reached else None
    form = "%-4s %-8s %-9s %-50s %7s %10s %10s %8s %8s"
    print(form % ("work", "l1 goal", "by", "method", "grid", "l1 ", "seconds", "x peer", "x limit"))
    for row in rows + others:
        goal, error = row.get("goal"), row["l1"]
        short = "!" if goal and error > goal else " "
        l1 = "-" if error is None else "%.2e" % error
        print(form % (row["work"], "%.1e" % goal if goal else "", row["by"], row["method"], row["grid"], l1 + short, "%.3g" % row["seconds"],
                      "%.1f" % best[id(row)] if best.get(id(row)) else "-", over_limit(row, others)))
    if any(row["goal"] and row["l1"] > row["goal"] for row in rows):
        print("! short of its l1 goal")


def reaches(peer, row):
    return row["goal"] is None or peer["l1"] <= 1.1 * row["goal"]


def same_problem(peer, row):
    """Works with two problems name them in the method."""
    return all((name in peer["method"]) == (name in row["method"]) for name in ("rotating", "double well"))


def main():
    parser = argparse.ArgumentParser(prog="tools/bench solves", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fokker", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--limit", metavar="PROGRAM")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("work", nargs="*", default=["W1", "W2", "W3", "W4"])
    options = parser.parse_args()
    works = [work.upper() for work in options.work]
    with tempfile.TemporaryDirectory() as folder:
        fokker = Fokker(options.fokker, options.threads, folder)
        names, reference = fokker.known(), None
        if "W2" in works:
            settings = cells_of("w2", W2_REFERENCE) + ["scheme.positive=false", "time.stepper=talbot"]
            summary, where = fokker.solve("run", "w2", settings)
            if summary is None:
                sys.exit(where)
            reference = density(os.path.join(where, "density_000001.vti"))
        others = limits(options.limit, options.threads) if options.limit else []
        rows = []
        for row in ROWS:
            needs = {setting.split("=")[1] for setting in row[6] if setting.split("=")[0] in ("time.stepper", "scheme.flux")}
            if row[0] in works and needs <= names and fokker.serves(row[2]):
                rows.append(measure(fokker, row, options.repeat, reference))
        rows = [row for row in rows if row]
        if options.limit:
            again = limits(options.limit, options.threads)
            others = [min(pair, key=lambda each: each["seconds"]) for pair in zip(others, again)]
        others += peers(works, folder, reference) if options.peers else []
    if options.json:
        print(json.dumps(rows + others, indent=1))
    else:
        table(rows, others)


if __name__ == "__main__":
    main()
