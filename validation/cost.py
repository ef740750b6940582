#!/usr/bin/env python3
"""Holds what `fokker check` says of seconds and memory against the run; the table of docs/performance.md.

usage: validation/cost.py [CASE.toml ...]   (default: ten cases; FOKKER_PROGRAM names the program)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FOKKER_PROGRAM", str(ROOT / "build/fokker"))
CASES = ["ou_1d", "double_well_2d", "ou_2d_rotating", "ou_2d_correlated", "kramers_underdamped", "geometric_brownian_ito", "reverse_mixture_1d",
         "ou_2d_fourth_order", "rotating_ou_twin", "lambda_family_2d", "vp_mixture_1d", "duffing"]


def measured(*arguments):
    """Output, seconds and the largest resident memory [bytes] of the program."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, subprocess.Popen([PROGRAM, *arguments], stdout=out, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        out.seek(0)
        return out.read(), seconds, usage.ru_maxrss * 1024


def main():
    cases = [pathlib.Path(name) for name in sys.argv[1:]] or [ROOT / f"cases/{name}.toml" for name in CASES]
    print("| case | check takes [s] | predicted [s] | run [s] | ratio | predicted [MB] | run [MB] | ratio | parts predicted / run [s] |\n|---|---|---|---|---|---|---|---|---|")
    for case in cases:
        text, looking, _ = measured("check", str(case), "--json")
        said = json.loads(text)
        with tempfile.TemporaryDirectory() as folder:
            text, seconds, memory = measured("run", str(case), "--out", folder + "/run", "--json")
        ran = json.loads(text)["seconds"]
        predicted, bytes_said, parts = said["cost"]["seconds"], said["memory.bytes"], said["cost"]["parts"]
        known = {"evolution": ran["stepping"], "output": ran["output"], **ran["by_witness"]}
        words = ", ".join(f"{name} {value:.2g}" + (f"/{known[name]:.2g}" if name in known else "") for name, value in parts.items())
        print(f"| `{case.stem}` | {looking:.1f} | {predicted:.2g} | {seconds:.2g} | {predicted / seconds:.2f} | {bytes_said / 1e6:.0f} | {memory / 1e6:.0f} "
              f"| {bytes_said / memory:.2f} | {words} |", flush=True)


if __name__ == "__main__":
    main()
