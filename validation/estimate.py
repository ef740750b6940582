#!/usr/bin/env python3
"""Holds the uncertainties of `--estimate` against cases whose answers are known; the table of docs/estimate.md.

usage: validation/estimate.py [CASE.toml ...]   (default: cases/, cases/questions/ and validation/cases/; FOKKER_PROGRAM names the program)

The true error of p is its l1 distance to the exact density (compare.exact); that of a number is its distance to the `near` of a check. Both are held
against the uncertainty, the extrapolated value too.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FOKKER_PROGRAM", str(ROOT / "build/fokker"))
FOLDERS = ["cases", "cases/questions", "validation/cases"]


def run(case, folder):
    """The summary of a case with --estimate; None where it did not end."""
    out = subprocess.run([PROGRAM, "run", str(case), "--estimate", "--out", folder, "--force", "--json"], capture_output=True, text=True, check=False)
    return json.loads(out.stdout) if out.returncode in (0, 5) else None


def place_of(check, summary):
    """Where the estimate has the number of a check: a path of the summary, or None."""
    quantity, end = check["quantity"], summary["time"]["end"]
    if check["at"] is None or abs(check["at"] - end) > 1e-9 * end:
        return None
    side = f"sides.{check['side']}." if len(summary.get("passage", {}).get("sides", {})) > 1 and "side" in check else ""
    for name in ("mean", "variance"):
        if quantity == f"passage_{name}":
            return f"passage.estimate.{side}{name}"
    if quantity == "mean_velocity" and summary["grid"]["dimension"] == 1:
        return "estimate.mean_velocity.0"
    if quantity == "expectation":
        return next((f"estimate.{kind}.{check['of']}" for kind in ("expectations", "probabilities") if check["of"] in summary.get(kind, {})), None)
    if "." in quantity:
        return re.sub(r"^passage\.", "passage.estimate.", quantity) if quantity.startswith("passage.") else f"estimate.{quantity}"
    return None


def at(json_value, path):
    """The member of a path with dots; None where there is none."""
    for name in path.split("."):
        if isinstance(json_value, list) and name.isdigit() and int(name) < len(json_value):
            json_value = json_value[int(name)]
        elif isinstance(json_value, dict) and name in json_value:
            json_value = json_value[name]
        else:
            return None
    return json_value


def rows_of(case, summary):
    """(case, number, true error, that of the extrapolated value, uncertainty, order, credible, why)"""
    found = summary.get("estimate", {})
    exact = at(summary, "compare.exact.l1")
    if exact is not None and "uncertainty" in found:
        yield case, "p (l1)", exact, None, found["uncertainty"], found["order"], found["credible"], found.get("why", "")
    for check in summary["checks"]:
        near = re.fullmatch(r"(\S+) \+- \S+", check["bound"])
        number = at(summary, place_of(check, summary) or "none")
        if near and isinstance(number, dict):
            true = float(near[1])
            yield (case, check["quantity"] if "of" not in check else check["of"], abs(number["value"] - true), abs(number["extrapolated"] - true),
                   number["uncertainty"], number["order"], number["credible"], number.get("why", ""))


def main():
    cases = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(case for folder in FOLDERS for case in (ROOT / folder).glob("*.toml"))
    rows, missing = [], []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            summary = run(case, f"{folder}/{case.stem}")
            if summary is None:
                missing.append(f"{case.stem}: did not end")
                continue
            rows += rows_of(case.stem, summary)
            missing += [f"{case.stem}: {text}" for text in summary["estimate"]["failures"]]
    print("| case | number | true error | extrapolated off by | uncertainty | of it | order | |\n|---|---|---|---|---|---|---|---|")
    for case, number, error, extrapolated, uncertainty, order, credible, why in rows:
        far = "" if extrapolated is None or not credible else f"{extrapolated:.1e}"
        print(f"| `{case}` | {number} | {error:.1e} | {far} | {uncertainty:.1e} | {error / uncertainty:.2f} | {'-' if order is None else f'{order:.2f}'} | {why} |")
    within = sum(error <= uncertainty for _, _, error, _, uncertainty, *_ in rows)
    print(f"\n{within} of {len(rows)} true errors are within the uncertainty; {sum(row[6] for row in rows)} rest on a credible order")
    print("\n".join(missing))


if __name__ == "__main__":
    main()
