#!/usr/bin/env python3
"""Cost and memory per cell from 64^2 to 4096^2 on 1 and 2 threads: `tools/bench scaling [--largest N] [--flux NAME] [--stepper NAME]`.

A fixed number of steps of W1 at a fixed share of the explicit limit, so that the work per cell is the same on every grid. Nanoseconds are
seconds.stepping over cells and right-hand sides; doubles per cell are the resident memory of the whole process above that of the smallest grid.
"""
import argparse
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(program, cells, threads, options, folder):
    out = os.path.join(folder, "run")
    dt = 0.2 * (10.0 / cells) ** 2 / (4 * 0.5) * options.courant
    command = [program, "run", os.path.join(HERE, "..", "..", "tools", "bench_cases", "w1.toml"), "--out", out, "--force", "-q", "--progress", "never", "--threads", str(threads)]
    for setting in ("axis.x.cells=%d" % cells, "axis.y.cells=%d" % cells, "scheme.flux=" + options.flux, "time.stepper=" + options.stepper, "time.dt=%r" % dt,
                    "time.end=%r" % (options.steps * dt), "compare.exact=false", "scheme.positive=false"):
        command += ["--set", setting]
    case = subprocess.run(["/usr/bin/env", "python3", "-c", MEASURE, *command], capture_output=True, text=True)
    if case.returncode not in (0, 5):
        raise SystemExit(case.stderr.strip())
    summary = json.load(open(os.path.join(out, "summary.json")))
    work = cells * cells * summary["time"]["rhs_evaluations"]
    return summary["seconds"]["stepping"] / work * 1e9, int(case.stdout.split()[-1]) * 1024


# The child's peak resident memory [KiB]; a process of its own, because the maximum is over all children of a process.
MEASURE = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); " \
          "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"


def main():
    parser = argparse.ArgumentParser(prog="tools/bench scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fokker", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--largest", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--courant", type=float, default=1.0, help="dt in units of a fifth of the explicit limit")
    parser.add_argument("--flux", default="scharfetter_gummel")
    parser.add_argument("--stepper", default="ssprk3")
    options = parser.parse_args()
    sizes = [n for n in (64, 128, 256, 512, 1024, 2048, 4096) if n <= options.largest]
    print("%s, %s, %d steps\n%6s %16s %16s %9s %14s" % (options.flux, options.stepper, options.steps, "grid", "ns/cell 1 thread", "ns/cell 2", "ratio", "doubles/cell"))
    with tempfile.TemporaryDirectory() as folder:
        floor = None
        for cells in sizes:
            found = {threads: [run(options.fokker, cells, threads, options, folder) for _ in range(options.repeat)] for threads in (1, 2)}
            one, two = (min(cost for cost, _ in found[threads]) for threads in (1, 2))
            memory = max(size for _, size in found[2])
            floor = floor or memory
            print("%5d^2 %16.3f %16.3f %9.2f %14s" % (cells, one, two, one / two, "%.1f" % ((memory - floor) / 8 / cells**2) if cells >= 512 else "-"), flush=True)


if __name__ == "__main__":
    main()
