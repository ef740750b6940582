#!/usr/bin/env python3
"""To add something costs as many files as docs/architecture.md says ("To add ... you touch"): the patches beside this file do it.

usage: validation/counting/run.py [--count] [--keep DIR]

Each NAME.patch adds one thing to a copy of the tree. Its files are counted against the table; with --count that is all (a second).
Otherwise the copy with all of them is built (four minutes on two cores) and must know each by name: in `fokker list`, in messages,
in resolved.toml, in files and JSON, and in the tests that go through the tables. --keep leaves the copy in DIR, and builds there
again next time. A patch that does not apply any more is renewed by hand: it is a diff with one line of context.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASE = """
author = "somebody"
[[axis]]
name = "x"
range = [-2, 2]
cells = 40
boundary = "reflecting"
[sde]
SDE
[initial]
gaussian = { mean = [0.5], covariance = [[0.04]] }
[scheme]
FLUX
[time]
end = 0.1
stepper = "heun"
[output]
fields = ["surprise"]
[compare]
beginning = true
[[check]]
quantity = "l1"
against = "beginning"
below = 1
"""
SPRING = 'drift = ["-x"]\nnoise = [["1"]]'


def run(*command, cwd=None, ok=(0,)):
    done = subprocess.run([str(word) for word in command], cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode not in ok:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def promised():
    """What the table promises: first words of a row -> number of files."""
    table = (ROOT / "docs/architecture.md").read_text().split("## To add")[1]
    return {row[0]: int(row[1]) for row in re.findall(r"^\| ([^|]+?) \| (\d+) \|", table, re.M)}


# NAME of a patch -> the row of the table that promises its number of files.
ROWS = {"flux": "a flux of two cells", "limiter": "a limiter", "stepper": "a time stepper", "field": "an output field", "key": "a key of a case",
        "model": "a named model", "witness": "a witness"}


def count(copy):
    """Applies every patch to the copy; the lines that are wrong."""
    wrong, promise = [], promised()
    if missing := {patch.stem for patch in HERE.glob("*.patch")} ^ ROWS.keys():
        return [f"patches and rows differ: {', '.join(sorted(missing))}"]
    for name, row in ROWS.items():
        patch = HERE / f"{name}.patch"
        files = len(run("git", "apply", "--numstat", patch, cwd=copy).splitlines())
        run("git", "apply", "-C1", "--recount", patch, cwd=copy)
        print(f"{row:28} {files} of {promise.get(row)} files")
        if files != promise.get(row):
            wrong.append(f"{row}: {files} files, docs/architecture.md says {promise.get(row)}")
    return wrong


def look(copy):
    """Builds the copy and looks for what was added; the lines that are wrong."""
    build = copy / "build"
    if not (build / "build.ninja").exists():
        ccache = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        run("cmake", "-S", copy, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *ccache)
    run("cmake", "--build", build, "--target", "fokker", "test_scheme", "test_integrate")
    fokker, wrong = build / "fokker", []

    def expect(what, text, *words):
        wrong.extend(f"{what}: no word of '{word}' in\n{text[:2000]}" for word in words if word not in text)

    def tests(module, *words):
        text = run(build / "validation" / f"test_{module}", "--success", "--no-colors=true", ok=(0, 1))
        wrong.extend(f"test_{module}: no check names '{word}'" for word in words if word not in text)

    def case(name, flux, sde=SPRING):
        file = copy / f"{name}.toml"
        file.write_text(CASE.replace("FLUX", flux).replace("SDE", sde))
        folder = copy / "runs" / name
        run(fokker, "run", file, "--force", "--out", folder)
        return folder

    for table, word in (("fluxes", "power_law"), ("steppers", "heun"), ("fields", "surprise"), ("models", "brownian")):
        expect(f"list {table}", run(fokker, "list", table, ok=(0, 2)), word)
    two_cells = case("two_cells", 'flux = "power_law"')
    expect("resolved.toml", (two_cells / "resolved.toml").read_text(), 'author = "somebody"', 'flux = "power_law"', 'stepper = "heun"')
    expect("summary.json", (two_cells / "summary.json").read_text(), '"power_law"', '"heun"', '"beginning"')
    expect("a frame", (two_cells / "density_000000.vti").read_text(errors="replace"), 'Name="surprise"', 'Name="p_beginning"')
    named = case("named", 'flux = "power_law"', 'model = "brownian"\ntheta = 0.5')
    expect("resolved.toml", (named / "resolved.toml").read_text(), "brownian", "beginning = true")
    limited = case("limited", 'form = "effective_drift"\nflux = "muscl"\nlimiter = "van_albada"')
    expect("resolved.toml", (limited / "resolved.toml").read_text(), 'limiter = "van_albada"')
    for key, value, words in (("scheme.flux", '"power"', "power_law"), ("time.stepper", '"heunn"', "heun"),
                              ("output.fields", '["surprises"]', "surprise"), ("auther", '"x"', "author"),
                              ("sde.model", '"brownien"', "brownian"), ("compare.begining", "true", "beginning"),
                              ("scheme.limiter", '"albada"', "van_albada")):
        file = copy / ("limited.toml" if key == "scheme.limiter" else "two_cells.toml")
        expect(f"the message about {key}", run(fokker, "run", file, "--set", f"{key}={value}", ok=(2,)), words)
    tests("scheme", "power_law", "van_albada")
    tests("integrate", "heun")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        copy = (options.keep or pathlib.Path(scratch)).resolve()
        for folder in ("src", "include"):  # what patches have left there last time
            shutil.rmtree(copy / folder, ignore_errors=True)
        for file in run("git", "ls-files", cwd=ROOT).splitlines():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / file).is_file():
                shutil.copy2(ROOT / file, copy / file)
        wrong = count(copy) or ([] if options.count else look(copy))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
