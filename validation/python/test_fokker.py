#!/usr/bin/env python3
"""python/fokker.py against the program: test_fokker.py PROGRAM [unittest's arguments]. Exit code 77, with a line, where numpy is absent."""
import contextlib
import doctest
import fcntl
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    print(f"skipped: {sys.executable} has no numpy (apt-get install python3-numpy)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "python"))
import fokker  # noqa: E402

LINE = {"axis": [{"name": "x", "range": [-4, 4], "cells": 60, "boundary": "reflecting", "label": 'so "far"', "unit": "µm"}],
        "sde": {"drift": ["-a*x"], "noise": [["0.5"]], "parameters": {"a": np.float64(1.5)}},
        "initial": {"gaussian": {"mean": [0.5], "covariance": [[0.2]]}},
        "time": {"end": 1},
        "output": {"frames": 4, "fields": ["p", "score"], "formats": ["vti", "npy", "csv"]}}
PLANE = """
axis = [{ name = "x", range = [-3, 3], cells = 90, boundary = "reflecting" }, { name = "y", range = [-2, 4], cells = 70, boundary = ["reflecting", "absorbing"] }]
[sde]
drift = ["1 - x", "-y"]
noise = [["0.5", 0], [0, "0.4"]]
[initial]
gaussian = { mean = [-1, 1], covariance = [[0.3, 0], [0, 0.1]] }
[time]
end = 0.2
[output]
frames = 2
fields = ["p", "current"]
formats = ["vti", "npy", "csv"]
[[check]]
quantity = "min_p"
above = 1
"""


class Folder(contextlib.ExitStack):
    """A temporary folder with a finished run of LINE in it that tests may spoil."""

    def __enter__(self):
        self.path = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory())) / "run"
        shutil.copytree(whole().folder, self.path)
        return self.path


kept = {}


def whole():
    if not kept:
        kept["run"] = fokker.run(LINE)
    return kept["run"]


def edit(path, before, after):
    text = path.read_text()
    assert re.search(before, text), f"{path.name} holds no {before}"
    path.write_text(re.sub(before, after, text, count=1))


class Reading(unittest.TestCase):
    def test_every_format_has_the_same_bits_and_times(self):
        run = whole()
        self.assertTrue(run.ok)
        np.testing.assert_array_equal(run.t, [0, 0.25, 0.5, 0.75, 1])
        for ending in ("npy", "csv"):
            with Folder() as folder:
                edit(folder / "resolved.toml", r"formats = \[.*\]", f'formats = ["{ending}"]')
                other = fokker.load(folder)
                np.testing.assert_array_equal(other.t, run.t)
                np.testing.assert_array_equal(other.p[:], run.p[:])
                self.assertRaisesRegex(KeyError, "output.formats", other.field, "score")

    def test_axes_are_those_of_the_case(self):
        axis = whole().axes[0]
        self.assertEqual((axis.name, axis.label, axis.unit), ("x", 'so "far"', "µm"))
        np.testing.assert_allclose(axis.edges, np.linspace(-4, 4, 61), atol=1e-15)
        np.testing.assert_allclose(np.gradient(np.log(whole().p[-1]), axis.centers)[20:40], whole().field("score")[-1][20:40], rtol=0.05)

    def test_a_plane_is_indexed_x_first_and_vectors_by_component(self):
        run = fokker.run(PLANE)
        self.assertFalse(run.ok)  # a check that fails is seen, and no exception
        self.assertEqual([check["ok"] for check in run.checks], [False])
        x, y = (axis.centers for axis in run.axes)
        p = run.p[-1]
        self.assertEqual(p.shape, (90, 70))
        mean = [(x[:, None] * p).sum() * run.volume, (y * p).sum() * run.volume]
        np.testing.assert_allclose(mean, np.array(run.summary["moments"]["mean"]) * run.summary["mass"]["final"], rtol=1e-7)
        np.testing.assert_array_equal(p, np.load(run.folder / "density_000002.npy"))
        current = run.field("current")[-1]
        self.assertEqual(current.shape, (2, 90, 70))
        np.testing.assert_allclose(current.sum(axis=(1, 2)) * run.volume, run.summary["mean_velocity"], rtol=0.01)
        np.testing.assert_allclose(run.marginals["y"][1], run.p[1].sum(axis=0) * (x[1] - x[0]), rtol=1e-12)
        self.assertEqual(run.passage["cumulative_y_upper"][-1], run.series["outflow_y_upper"][-1])
        self.assertRaisesRegex(KeyError, "did you mean mean_x", lambda: run.series["meanx"])

    def test_a_way_back_is_by_lambda(self):
        run = fokker.run({**LINE, "reverse": {"lambda": [0, 0.5], "score": "exact"}})
        self.assertEqual(list(run.reverse.p), [0, 0.5])
        l1 = [np.abs(way[0] - run.p[0]).sum() * run.volume for way in run.reverse.p.values()]
        np.testing.assert_allclose(l1, [row["l1"] for row in run.summary["reverse"]["lambda"]], rtol=1e-9)
        other = fokker.run({**LINE, "reverse": {"lambda": [0, 0.5], "score": "exact"}}, {"sde.parameters.a": 1.6})
        shutil.copy(other.folder / "reverse_000000.vti", run.folder)
        self.assertRaisesRegex(fokker.FileError, "way back", lambda: run.reverse)

    def test_what_is_damaged_or_mixed_is_refused(self):
        other = fokker.run(LINE, {"sde.parameters.a": 1.6})

        def flip(path):
            raw = bytearray(path.read_bytes())
            at = raw.index(b'Name="p"')
            at = raw.index(b"=e", at) + 40
            raw[at] = ord("A") if raw[at] != ord("A") else ord("B")
            path.write_bytes(bytes(raw))

        seen_at_once = {
            "a frame is gone": lambda run: (run / "density_000002.vti").unlink(),
            "the last frame is gone": lambda run: (run / "density_000004.vti").unlink(),
            "a frame is of another time": lambda run: shutil.copy(run / "density_000003.vti", run / "density_000002.vti"),
            "the summary is of another case": lambda run: shutil.copy(other.folder / "summary.json", run) and edit(run / "summary.json", '"sha256": "..', '"sha256": "00'),
            "the summary ends elsewhere": lambda run: edit(run / "summary.json", '"reached": 1.0', '"reached": 0.9'),
            "the summary is cut": lambda run: edit(run / "summary.json", "(?s)^(.*)......$", r"\1"),
            "the series is cut": lambda run: edit(run / "series.csv", "(?s)^(.*)......$", r"\1"),
            "the series lacks rows": lambda run: edit(run / "series.csv", "\n[^\n]*\n$", "\n"),
            "resolved.toml is gone": lambda run: (run / "resolved.toml").unlink(),
        }
        seen_when_read = {
            "a frame is cut": lambda run: (run / "density_000002.vti").write_bytes((run / "density_000002.vti").read_bytes()[:2500]),
            "a bit of p differs": lambda run: flip(run / "density_000002.vti"),
            "a frame is of another run": lambda run: shutil.copy(other.folder / "density_000002.vti", run),
            "a frame is of another grid": lambda run: edit(run / "density_000002.vti", 'Origin="-4', 'Origin="-4.1'),
        }
        for what, fault in {**seen_at_once, **seen_when_read}.items():
            with self.subTest(what), Folder() as folder:
                fault(folder)
                if what in seen_when_read:
                    self.assertRaises(fokker.FileError, lambda run=fokker.load(folder): run.p[2])
                    self.assertRaises(fokker.FileError, lambda run=fokker.load(folder): run.field("score")[2])
                else:
                    self.assertRaises(fokker.FileError, fokker.load, folder)

    def test_a_run_that_has_not_ended_is_refused_unless_it_is_asked_for(self):
        with Folder() as folder, open(folder / ".lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self.assertRaises(fokker.Unfinished) as refused:
                fokker.load(folder)
            self.assertEqual(refused.exception.state, "running")
        with Folder() as folder:
            (folder / "summary.json").unlink()
            (folder / "density_000004.vti").unlink()
            edit(folder / "series.csv", "......$", "")
            self.assertRaisesRegex(fokker.Unfinished, "killed at t = 0.75 of 1", fokker.load, folder)
            run = fokker.load(folder, unfinished=True)
            self.assertEqual((run.state, run.ok, len(run.p), run.summary), ("killed", False, 4, {}))
            (folder / "density_000001.vti").unlink()
            self.assertRaisesRegex(fokker.FileError, "density_000001.vti is missing", fokker.load, folder, unfinished=True)


class Calling(unittest.TestCase):
    def test_all_problems_of_a_case_come_as_one_exception(self):
        with self.assertRaises(fokker.CaseError) as refused:
            fokker.run(LINE, {"axis.x.cels": 10, "time.stepper": "rk5"})
        self.assertEqual([problem.key for problem in refused.exception.problems], ["axis.x.cels", "time.stepper"])
        self.assertIn("did you mean cells", refused.exception.problems[0].text)
        self.assertIn("did you mean rk4", str(refused.exception))

    def test_each_exit_code_has_its_class_and_what_there_is(self):
        self.assertRaisesRegex(fokker.FileError, "no such file", fokker.run, "gone.toml")
        with self.assertRaisesRegex(fokker.NumericalError, "is infinite at t = 0.5") as failed:
            fokker.run(LINE, {"output.expectations.g": "1/(t - 0.5)"})
        self.assertEqual(failed.exception.result.state, "failed")
        with self.assertRaisesRegex(fokker.CheckFailed, "min_p is .*, asked > 1"):
            fokker.run(PLANE, {"axis.x.cells": 20, "axis.y.cells": 20}, must_hold=True)
        with self.assertRaises(fokker.Stopped) as stopped, tempfile.TemporaryDirectory() as out:
            try:
                fokker.run(LINE, {"axis.x.cells": 2000, "time.dt": 1e-5, "time.stepper": "backward_euler"}, out=out, wall_time=0.1)
            finally:
                self.assertRaisesRegex(fokker.Unfinished, "is stopped at t = .* of 1 .wall_time", fokker.load, out)
        self.assertEqual(stopped.exception.result.state, "stopped")
        self.assertLess(stopped.exception.result.t[-1], 1)

    def test_a_stopped_run_resumes_to_the_bits_of_an_unbroken_one(self):
        overrides = {"time.dt": 2e-4, "time.stepper": "backward_euler", "axis.x.cells": 500}
        with tempfile.TemporaryDirectory() as out:
            self.assertRaises(fokker.Stopped, fokker.run, LINE, overrides, out=out, wall_time=0.03)
            np.testing.assert_array_equal(fokker.resume(out).p[:], fokker.run(LINE, overrides).p[:])

    def test_a_temporary_folder_lives_as_long_as_what_is_read_from_it(self):
        run = fokker.run(LINE)
        folder, p = run.folder, run.p
        if not (child := os.fork()):
            del run, p
            os._exit(0)
        os.waitpid(child, 0)
        del run
        self.assertEqual(p[-1].shape, (60,))
        del p
        self.assertFalse(folder.parent.exists())

    def test_the_program_is_named_or_missed(self):
        before = os.environ.pop("FOKKER")
        try:
            with tempfile.TemporaryDirectory() as alone:
                os.environ["FOKKER"] = alone
                self.assertRaisesRegex(fokker.FileError, "names no program", fokker.program)
        finally:
            os.environ["FOKKER"] = before

    def test_steady_sweeps_and_comparisons(self):
        steady = fokker.steady(LINE)
        self.assertEqual((list(steady.t), len(steady.p)), ([np.inf], 1))
        np.testing.assert_allclose((steady.axes[0].centers ** 2 * steady.p[0]).sum() * steady.volume, 0.25 / 3, rtol=0.02)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "s.toml").write_text('case = "line.toml"\n[grid]\nsde.parameters.a = [1, 2]\n[output]\nquantities = ["moments.mean.0"]\n')
            (folder / "line.toml").write_text((whole().folder / "case.toml").read_text())
            sweep = fokker.sweep(folder / "s.toml", threads=1)
            self.assertTrue(sweep.ok)
            members = [fokker.load(member.folder) for member in sweep.members]
            self.assertEqual([member.parameters["sde.parameters.a"] for member in sweep.members], list(sweep.table["sde.parameters.a"]))
            self.assertEqual([member.series["mean_x"][-1] for member in members], [float(f"{mean:.12g}") for mean in sweep.table["moments.mean.0"]])
            l1 = fokker.compare(*members)["frames"][-1]["l1"]
            self.assertAlmostEqual(l1, np.abs(members[0].p[-1] - members[1].p[-1]).sum() * members[0].volume, places=12)


def load_tests(loader, tests, pattern):
    """What docs/python.md shows is what comes."""
    os.chdir(ROOT)
    tests.addTests(doctest.DocFileSuite("docs/python.md", module_relative=False))
    return tests


if __name__ == "__main__":
    os.environ["FOKKER"] = os.path.abspath(sys.argv.pop(1))
    unittest.main()
