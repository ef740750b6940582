#!/usr/bin/env python3
"""Every write, open, fsync, rename, truncation and close of a small run fails, one after the other: `validation/faults/run.py PROGRAM [--mode MODE...]`.

Modes: `once` (that call alone), `forever` (that one and all later ones, as on a full disk), `kill` (the process dies there), `resume` (that call of the `resume` of a run that was killed
half way). After each, every file that is left opens, and `resume`, or
where nothing had been begun the run itself, reaches the files of an undisturbed run to the bit.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
CASE = """[[axis]]
name = "x"
range = [-4, 4]
cells = 32
boundary = "reflecting"
[sde]
drift = ["-x"]
noise = [[1]]
[initial]
gaussian = { mean = [1], covariance = [[0.5]] }
[time]
end = 0.2
[output]
frames = 2
[checkpoint]
every = 1e-9
[compare]
monte_carlo = { particles = 200, dt = 0.02 }
[[check]]
quantity = "l1"
against = "theirs.csv"
below = 2
"""
TABLE = "x,p\n" + "".join("%r,0.125\n" % (-3.75 + k / 2) for k in range(16))
MODES = ["once", "forever", "kill", "resume"]
OURS = ("checkpoint", "checkpoint.previous", ".lock")


def summary(text):
    """Without what it says of time spent."""
    return re.sub(r'"(seconds|threads|stepping|witnesses|monte_carlo|output|total|[a-z_]*per_second|factorisations)": [-0-9.e+]+', "", text)


def names(folder):
    """Of all files below it, seen from there."""
    return [os.path.relpath(os.path.join(where, name), folder) for where, _, files in os.walk(folder) for name in files]


def contents(folder):
    found = {}
    for name in names(folder):
        if name not in OURS:
            bytes = open(os.path.join(folder, name), "rb").read()
            found[name] = summary(bytes.decode()) if name == "summary.json" else b"" if name == "report.html" else bytes  # it tells seconds
    return found


def unreadable(folder):
    """Files that do not open, drafts aside: nobody takes NAME.0123456789abcdef.tmp for a result."""
    bad = []
    for name in names(folder):
        path = os.path.join(folder, name)
        text = open(path, "rb").read()
        try:
            if name.endswith((".vti", ".pvd")):
                xml.dom.minidom.parseString(text)
            elif name.endswith(".json"):
                json.loads(text)
            elif name.endswith(".png"):
                assert text.endswith(b"IEND\xaeB`\x82")
            elif name.endswith(".py"):
                compile(text, name, "exec")
            elif name.endswith(".html"):
                assert text.endswith(b"</html>\n")
            elif name.endswith(".csv"):
                assert not text or text.endswith(b"\n")
                assert len({line.count(b",") for line in text.splitlines()}) <= 1
        except Exception as fault:
            bad.append("%s: %r" % (name, fault))
    return bad


class Trial:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.shim = os.path.join(folder, "shim.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.shim, os.path.join(HERE, "shim.c"), "-ldl"], check=True)
        self.case, self.out = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
        open(self.case, "w").write(CASE)
        open(os.path.join(folder, "theirs.csv"), "w").write(TABLE)

    def call(self, *arguments, **fault):
        environment = dict(os.environ)
        if fault:
            environment.update(LD_PRELOAD=self.shim, FAULT_FOLDER=self.out, **fault)
        return subprocess.run([self.program, *arguments, "-q", "--threads", "1"], env=environment, capture_output=True, text=True)

    def run(self, *more, **fault):
        return self.call("run", self.case, "--out", self.out, *more, **fault)

    def survives(self, mode, at):
        """What went wrong, "" where nothing did."""
        shutil.rmtree(self.out, ignore_errors=True)
        fault = {"FAULT_AT": str(at)}
        if mode == "forever":
            fault["FAULT_FOREVER"] = "1"
        if mode == "kill":
            fault["FAULT_KILL"] = "1"
        if mode == "resume":
            self.run(FAULT_AT=str(self.points // 2), FAULT_KILL="1")
            done = self.call("resume", self.out, **fault)
        else:
            done = self.run(**fault)
        if done.returncode not in ((-9,) if mode == "kill" else (0, 3)):
            return "exit code %d: %s" % (done.returncode, done.stderr)
        if done.returncode == 3 and not done.stderr.strip():
            return "failed without a word"
        bad = unreadable(self.out) if os.path.isdir(self.out) else []
        if bad:
            return "; ".join(bad)
        again = self.call("resume", self.out)
        if again.returncode == 2:  # nothing had been begun
            again = self.run("--force")
        if again.returncode != 0:
            return "going on: exit code %d: %s" % (again.returncode, again.stderr)
        found = contents(self.out)
        differing = sorted(name for name in found.keys() | self.whole.keys() if found.get(name) != self.whole.get(name))
        return "differs: " + ", ".join(differing) if differing else ""

    def enumerate(self, modes):
        count = os.path.join(self.folder, "count")
        done = self.run(FAULT_AT="0", FAULT_COUNT=count)
        if done.returncode != 0:
            sys.exit("the run itself fails: " + done.stderr)
        self.whole, self.points = contents(self.out), int(open(count).read())
        points = self.points
        faults = 0
        for mode in modes:
            for at in range(1, points + 1):
                fault = self.survives(mode, at)
                if fault:
                    faults += 1
                    print("%s, call %d: %s" % (mode, at, fault), flush=True)
        print("%d calls that write, in %d modes: %d of %d survived" % (points, len(modes), points * len(modes) - faults, points * len(modes)))
        return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mode", action="append", choices=MODES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(1 if Trial(os.path.abspath(options.program), folder).enumerate(options.mode or MODES) else 0)


if __name__ == "__main__":
    main()
