"""Runs of fokker in Python: what run folders hold as numpy arrays, and cases run by the program.

One file that can be copied anywhere; it needs numpy and Python 3.9, and the program only for what runs cases.

    import fokker
    r = fokker.run("cases/ou_1d.toml", {"axis.x.cells": 400})   # or fokker.load("runs/ou_1d")
    r.t, r.axes[0].centers, r.p[-1], r.series["mean_x"], r.summary["moments"], r.checks, r.ok
"""
from __future__ import annotations

import base64
import difflib
import functools
import hashlib
import json
import operator
import os
import shutil
import signal
import subprocess
import tempfile
import weakref
import zlib
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

__all__ = ["load", "run", "steady", "resume", "sweep", "compare", "program", "Run", "Sweep", "Member", "Frames", "Reversal", "Axis",
           "Problem", "Error", "CaseError", "FileError", "NumericalError", "CheckFailed", "Stopped", "InternalError", "Unfinished"]


# --- What went wrong

class Problem(NamedTuple):
    where: str  # file:line:column, or the --set that brought it
    key: str
    text: str

    def __str__(self):
        return ": ".join(part for part in self if part)


class Error(Exception):
    """What the program or a run folder has to say. `problems`: all that is wrong with a case; `result`: the Run or Sweep as far as it came, or None."""

    def __init__(self, message, problems=(), result=None):
        super().__init__("\n".join([message, *map(str, problems)] if message else map(str, problems)))
        self.problems, self.result = list(problems), result


class InternalError(Error):
    """Exit code 1: a fault of the program, or a signal ended it; of a sweep: a member failed."""


class CaseError(Error):
    """Exit code 2: the case, a key or an option is wrong (`problems`), or memory does not suffice."""


class FileError(Error):
    """Exit code 3: a file cannot be read or written; a folder that is of no run, damaged, or mixed from two."""


class NumericalError(Error):
    """Exit code 4: the solution failed (`result`: what there was before)."""


class CheckFailed(Error):
    """Exit code 5, where `must_hold` asks for an exception (`result`: the run, whose `checks` say which)."""


class Stopped(Error):
    """Exit code 6: stopped early by a signal or `wall_time` (`result`: what there is; `resume` goes on where `out` was given)."""


class Unfinished(Error):
    """`load` of a run that has not come to its end: `state` is running, stopped, killed or failed."""

    def __init__(self, message, state):
        super().__init__(message)
        self.state = state


_BY_EXIT_CODE = {1: InternalError, 2: CaseError, 3: FileError, 4: NumericalError, 5: CheckFailed, 6: Stopped}


# --- Files

class Axis(NamedTuple):
    name: str
    edges: np.ndarray    # [cells + 1]
    centers: np.ndarray  # [cells]
    unit: str            # "" where the case says none
    label: str


class _Table(dict):
    """Columns by name."""

    def __missing__(self, name):
        near = difflib.get_close_matches(str(name), self, 1)
        raise KeyError(f"{name}: no such column; {f'did you mean {near[0]}? ' if near else ''}there are {', '.join(self) or 'none'}")


def _read_table(path):
    """Columns of a .csv of numbers, empty cells NaN, without a last line that is half written."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    names = lines[0].split(",") if lines else []
    rows = [line.split(",") for line in lines[1:]]
    if not names or any(len(row) != len(names) for row in rows):
        raise FileError(f"{path}: damaged, its rows differ in length")
    try:
        values = np.array([[float(cell or "nan") for cell in row] for row in rows]).reshape(len(rows), len(names))
    except ValueError as error:
        raise FileError(f"{path}: damaged, {error}") from None
    return _Table(zip(names, values.T.copy()))


def _read_resolved(path):
    """([[axis]] tables, [output] table) of resolved.toml, where a key is a line and its value is written as in JSON."""
    axes, output, table = [], {}, None
    wanted = {"name", "range", "cells", "label", "unit", "times", "formats"}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            key, equals, value = line.partition(" = ")
            if line == "[[axis]]":
                table = {}
                axes.append(table)
            elif line.startswith("["):
                table = output if line == "[output]" else None
            elif table is not None and equals and key in wanted:
                table[key] = json.loads(value)
        return [_axis(**axis) for axis in axes], {"times": [], "formats": ["vti"], **output}
    except OSError as error:
        raise FileError(f"{path.parent}: no folder of a run ({error.strerror}: {path.name})") from None
    except (ValueError, TypeError) as error:
        raise FileError(f"{path}: damaged, {error}") from None


def _axis(name, range, cells, unit="", label=""):
    edges = np.linspace(range[0], range[1], cells + 1)
    return Axis(name, edges, (edges[1:] + edges[:-1]) / 2, unit, label)


def _decode(element):
    """The bytes of an inline array: base64 of the lengths of its blocks, then base64 of the blocks, deflated."""
    text = "".join([element.text or "", *(child.tail or "" for child in element)]).split()
    text = "".join(text)
    blocks = int.from_bytes(base64.b64decode(text[:12])[:8], "little")
    start = -(-8 * (3 + blocks) // 3) * 4
    header = np.frombuffer(base64.b64decode(text[:start], validate=True), "<u8", 3 + blocks)
    packed, at, raw = base64.b64decode(text[start:], validate=True), 0, []
    for size in map(int, header[3:]):
        raw.append(zlib.decompress(packed[at:at + size]))
        at += size
    if at != len(packed):
        raise ValueError("blocks of other lengths than they say")
    return b"".join(raw)


class _Vti(NamedTuple):
    t: float
    shape: tuple   # cells per axis
    lower: list
    upper: list
    names: list    # of all arrays, where they were read
    values: dict   # name -> [cells, components] of those that were asked for


def _read_vti(path, wanted=(), head=False):
    """A .vti as the program writes it; head: up to its arrays alone."""
    t, names, values, section, found = None, [], {}, "", {}
    try:
        with open(path, "rb") as file:
            for event, element in ElementTree.iterparse(file, events=("start", "end")):
                name = element.get("Name")
                if event == "start" and element.tag in ("VTKFile", "ImageData"):
                    found.update(element.attrib)
                elif event == "start" and element.tag in ("FieldData", "PointData", "CellData"):
                    section = element.tag
                    if head and section == "CellData":
                        break
                elif event == "end" and element.tag == "DataArray":
                    if section == "FieldData" and name == "TimeValue":
                        t = float(np.frombuffer(_decode(element), "<f8")[0])
                    elif section == "CellData":
                        names.append(name)
                        if name in wanted and element.get("type") == "Float64":
                            values[name] = np.frombuffer(_decode(element), "<f8").reshape(-1, int(element.get("NumberOfComponents", 1)))
                    element.clear()
        kind = [found[key] for key in ("type", "byte_order", "header_type", "compressor")]
        if kind != ["ImageData", "LittleEndian", "UInt64", "vtkZLibDataCompressor"]:
            raise ValueError(f"no .vti as fokker writes them ({', '.join(kind)})")
        extent = [int(n) for n in found["WholeExtent"].split()]
        shape = tuple(n for n in extent[1::2] if n > 0)
        lower = [float(x) for x in found["Origin"].split()][:len(shape)]
        upper = [a + n * float(h) for a, n, h in zip(lower, shape, found["Spacing"].split())]
        if t is None or any(len(array) != np.prod(shape) for array in values.values()):
            raise ValueError("no TimeValue" if t is None else f"{' or '.join(values)} does not fit the cells")
        return _Vti(t, shape, lower, upper, names, values)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    except KeyError as error:
        raise FileError(f"{path}: damaged, without {error}") from None
    except (ElementTree.ParseError, zlib.error, ValueError, IndexError) as error:
        raise FileError(f"{path}: damaged, {error}") from None


def _require_grid(path, axes, shape, lower, upper):
    same = shape == tuple(len(axis.centers) for axis in axes) and all(
        np.allclose([lower[k], upper[k]], axis.edges[[0, -1]], rtol=0, atol=1e-9 * (axis.edges[-1] - axis.edges[0])) for k, axis in enumerate(axes))
    if not same:
        raise FileError(f"{path}: of another grid than resolved.toml: a frame of another run")


def _from_vti(path, names, axes):
    vti = _read_vti(path, names)
    _require_grid(path, axes, vti.shape, vti.lower, vti.upper)
    for name in names:
        if name not in vti.values:
            raise KeyError(f"{name}: {path.name} holds {', '.join(vti.names)}")
        columns = [column.reshape(vti.shape[::-1]).T.copy() for column in vti.values[name].T[:len(axes)]]
        yield columns[0] if len(columns) == 1 else np.stack(columns)


def _from_npy(path, names, axes):
    try:
        p = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileError(f"{path}: damaged or gone, {error}") from None
    if p.dtype != np.float64 or p.shape != tuple(len(axis.centers) for axis in axes):
        raise FileError(f"{path}: of another grid than resolved.toml: a frame of another run")
    return [p]


def _from_csv(path, names, axes):
    try:
        table = _read_table(path)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    shape = tuple(len(axis.centers) for axis in axes)
    if list(table) != [axis.name for axis in axes] + ["p"] or len(table["p"]) != np.prod(shape):
        raise FileError(f"{path}: of another grid than resolved.toml: a frame of another run")
    columns = [table[column].reshape(shape[::-1]).T for column in table]
    for own, axis in zip(columns, np.meshgrid(*(axis.centers for axis in axes), indexing="ij")):
        if not np.allclose(own, axis, rtol=0, atol=1e-6 * np.ptp(axis) / max(axis.size, 2)):
            raise FileError(f"{path}: of another grid than resolved.toml: a frame of another run")
    return [columns[-1].copy()]


_READERS = {"vti": _from_vti, "npy": _from_npy, "csv": _from_csv}


# --- Runs

class Frames:
    """One array over the frames of a run, each read from its file when it is asked for: `f[k]` (k < 0 from the end), `f[a:b]` stacked, len, iteration."""

    def __init__(self, count, read):
        self._count, self._read = count, read  # read knows the run, and so keeps its folder

    def __len__(self):
        return self._count

    def __getitem__(self, k):
        if isinstance(k, slice):
            return np.array([self._read(i) for i in range(*k.indices(self._count))])
        k = operator.index(k)
        if not -self._count <= k < self._count:
            raise IndexError(f"frame {k} of {self._count}")
        return self._read(k % self._count)


class Reversal(NamedTuple):
    t: np.ndarray  # [frames], from 0 on: p[lam][0] is what returned of the initial density
    p: dict        # lambda -> Frames


class _Temporary:
    """A folder that goes when nobody refers to it any more."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="fokker-"))
        weakref.finalize(self, _remove, self.path, os.getpid())


def _remove(path, owner):
    if os.getpid() == owner:  # not a forked copy of it
        shutil.rmtree(path, ignore_errors=True)


def _is_locked(folder):
    try:
        import fcntl
        with open(folder / ".lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):  # elsewhere than on Linux no run is at work
        pass
    return False


class Run:
    """What a run folder holds; frames are read when they are asked for.

    folder; state: finished | running | stopped | killed | failed; t [frames] (inf for a stationary density); axes; volume of a cell
    p, field(name): Frames of arrays [nx] or [nx, ny]; vectors in a plane are [2, nx, ny]; fields: their names
    marginals: axis name -> Frames, in a plane; reverse: Reversal or None; series, passage: columns by name (passage: None where no side absorbs)
    summary: summary.json ({} while there is none); checks: list of dicts; warnings; ok: finished, and all checks hold
    """

    def __init__(self, folder, temporary=None):
        self.folder, self._temporary = Path(folder).absolute(), temporary
        self.axes, self._output = _read_resolved(self.folder / "resolved.toml")
        self.volume = float(np.prod([axis.edges[-1] - axis.edges[0] for axis in self.axes]) / np.prod([len(axis.centers) for axis in self.axes]))
        self.summary = self._read_summary()
        self.steady = "steady" in self.summary
        self.state = self._find_state()
        self._format = next((f for f in ("vti", "npy", "csv") if f in self._output["formats"]), "vti")
        self._files = self._find_files("density", self._format)  # before series.csv, which has the row of a frame first
        self.series, self.passage = self._read_columns("series.csv") or _Table(), self._read_columns("passage.csv")
        if not self.steady and not len(self.series.get("t", [])):
            raise FileError(f"{self.folder}: series.csv is missing or empty")
        if self.state in ("stopped", "failed") and (self._gap() > 0 or self.state == "stopped" and self._gap() < 0):
            self.state = "killed"  # it had gone on
        self.t = np.array([np.inf]) if self.steady else np.array([self._time_of(k, path) for k, path in enumerate(self._files)])
        self._require_whole()

    def __repr__(self):
        return f"<fokker run {self.folder}, {self.state}: {len(self.t)} frames on {' x '.join(str(len(a.centers)) for a in self.axes)} cells>"

    @property
    def checks(self):
        return self.summary.get("checks", [])

    @property
    def warnings(self):
        return self.summary.get("warnings", [])

    @property
    def ok(self):
        return self.state == "finished" and all(check["ok"] for check in self.checks)

    @property
    def p(self):
        return self.field("p")

    @functools.cached_property
    def fields(self):
        return _read_vti(self._files[0]).names if self._format == "vti" else ["p"]

    def field(self, name):
        if name not in self.fields:
            more = "" if self._format == "vti" else "; other fields stand in .vti files (output.formats)"
            raise KeyError(f"{name}: the frames hold {', '.join(self.fields)}{more}")
        return Frames(len(self._files), lambda k: self._frame(k, name))

    @property
    def marginals(self):
        def along(axis):
            width = self.volume / (self.axes[axis].edges[1] - self.axes[axis].edges[0])
            return Frames(len(self._files), lambda k: self._frame(k).sum(axis=1 - axis) * width)
        return {axis.name: along(k) for k, axis in enumerate(self.axes)} if len(self.axes) == 2 else {}

    @property
    def reverse(self):
        files = self._find_files("reverse", "vti") if (self.folder / "reverse.pvd").exists() else []
        rows = {f"p_reverse_{row['lambda']:.4g}": row for row in self.summary.get("reverse", {}).get("lambda", [])}
        if not files or not rows:
            return None
        t = np.array([_read_vti(file, head=True).t for file in files])

        def way(name):
            return Frames(len(files), lambda k: self._arrays(files[k], [name], t[k])[0])
        start, *returned = self._arrays(files[0], ["p", *rows], t[0])
        for row, p in zip(rows.values(), returned):
            l1 = np.abs(p - start).sum() * self.volume
            if abs(l1 - row["l1"]) > 1e-6 * row["l1"] + 1e-12 or t[0] != 0 or abs(t[-1] - self.t[-1]) > 1e-9 * t[-1]:
                raise FileError(f"{self.folder}: the frames of its way back are not those that summary.json speaks of")
        return Reversal(t, {row["lambda"]: way(name) for name, row in rows.items()})

    def _arrays(self, path, names, t):
        if path.suffix == ".vti" and _read_vti(path, head=True).t != t and not self.steady:
            raise FileError(f"{path}: no longer the frame of t = {t:g}: another run has written it")
        return list(_READERS[path.suffix[1:]](path, names, self.axes))

    def _frame(self, k, name="p"):
        """An array of a frame whose p, if it has one, is held against its row of series.csv (a stationary one: against the summary)."""
        names = [name] if name == "p" or "p" not in self.fields else [name, "p"]
        asked, p = (arrays := self._arrays(self._files[k], names, self.t[k]))[0], arrays[-1]
        if "p" not in names:
            return asked
        if self.steady:
            mass, most = self.summary["mass"]["final"], self.summary["density"]["max"]
        else:
            rows = np.flatnonzero(self.series["t"] == self.t[k])
            if not len(rows) and self.state in ("running", "killed"):
                return asked  # the last frame of a run that was stopped and has gone on
            mass, most = (self.series[name][rows[-1]] if len(rows) else np.nan for name in ("mass", "max_p"))
        scale = 1e-9 * np.abs(p)
        if not (abs(p.sum() * self.volume - mass) <= scale.sum() * self.volume and abs(p.max() - most) <= scale.max()):
            raise FileError(f"{self._files[k]}: mass or largest p are not those of its run: damaged, or a frame of another run")
        return asked

    def _read_summary(self):
        path = self.folder / "summary.json"
        if not path.exists():
            return {}
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
            cells, of_case = tuple(summary["grid"]["cells"]), summary["case"]["sha256"]
            case = hashlib.sha256((self.folder / "case.toml").read_bytes()).hexdigest()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileError(f"{path}: damaged, or not beside its case.toml ({error})") from None
        if cells != tuple(len(axis.centers) for axis in self.axes) or case != of_case:
            raise FileError(f"{path}: of another case than case.toml and resolved.toml: the summary of another run")
        return summary

    def _read_columns(self, name):
        path = self.folder / name
        return _read_table(path) if path.exists() else None

    def _find_state(self):
        reason = self.summary.get("stop_reason", "")
        if _is_locked(self.folder):
            return "running"
        if reason == "end" or reason.startswith(("stationary: ", "when: ", "file: ")):
            return "finished"
        return "killed" if not reason else "stopped" if reason in ("interrupted", "wall_time") else "failed"

    def _gap(self):
        """How far series.csv is behind the time that the summary speaks of."""
        return self.series["t"][-1] - self.summary["time"]["reached"]

    def _find_files(self, stem, ending):
        files = sorted(self.folder.glob(f"{stem}_*.{ending}"), key=lambda path: (len(path.name), path.name))
        for k, path in enumerate(files):
            if path.name != f"{stem}_{k:06}.{ending}":
                raise FileError(f"{self.folder}: {stem}_{k:06}.{ending} is missing")
        return files

    def _time_of(self, k, path):
        """Tables do not say their time: they are the output times, and that at which the run ended."""
        if self._format == "vti":
            return _read_vti(path, head=True).t
        times, rows = self._output["times"], self.series["t"]
        for t in [*times[k:k + 1], rows[-1] if self.state in ("finished", "stopped") and k + 1 == len(self._files) else np.inf]:
            near = rows[np.abs(rows - t) <= 1e-9 * times[-1]]
            if len(near):
                return near[-1]
        raise FileError(f"{path}: no row of series.csv says its time; `fokker resume` finishes the run")

    def _require_whole(self):
        """As many frames as there are to be, at their times, up to where the summary ends."""
        if not self._files:
            raise FileError(f"{self.folder}: it holds no frames")
        if self.steady:
            if len(self._files) > 1:
                raise FileError(f"{self.folder}: it holds {len(self._files)} frames, a stationary density is one")
        elif self.state in ("finished", "stopped"):
            reached = self.summary["time"]["reached"]
            near = 1e-9 * self._output["times"][-1]
            expected = [t for t in self._output["times"] if t < reached - near] + [reached]
            if self._gap() or self.passage and not np.array_equal(self.passage["t"], self.series["t"]):
                raise FileError(f"{self.folder}: series.csv or passage.csv do not end at t = {reached:g}, as summary.json does: they are of two runs")
            if len(expected) != len(self.t) or np.abs(self.t - expected).max() > near:
                raise FileError(f"{self.folder}: it holds {len(self.t)} frames up to t = {self.t[-1]:g}, its run has written {len(expected)} up to {reached:g}")
        elif not np.all(np.diff(self.t) > 0):
            raise FileError(f"{self.folder}: the times of its frames go back: they are of two runs")


def load(run_dir, *, unfinished=False):
    """A run folder as a Run. Raises FileError where it is no such folder, damaged or mixed, and Unfinished where the run
    has not come to its end, unless `unfinished` asks for what there is (`state` says what that is)."""
    result = Run(run_dir)
    if result.state == "finished" or unfinished:
        return result
    end = f" at t = {result.t[-1]:g} of {result._output['times'][-1]:g}" if not result.steady else ""
    why = f" ({result.summary['stop_reason']})" if "stop_reason" in result.summary and result.state != "running" else ""
    raise Unfinished(f"{run_dir}: the run is {result.state}{end}{why}; load(..., unfinished=True) takes what there is", result.state)


# --- The program

def program():
    """Path of the program: FOKKER of the environment, beside this file, in build/ of the source tree that this file is of, or on PATH."""
    asked = os.environ.get("FOKKER")
    here = Path(__file__).resolve().parent
    for path in [asked] if asked else [here / "fokker", here.parent / "build" / "fokker", shutil.which("fokker")]:
        if path and os.access(path, os.X_OK) and os.path.isfile(path):
            return Path(path)
    raise FileError(f"FOKKER={asked} names no program" if asked else
                    "the program fokker was not found: neither FOKKER of the environment names it, nor is it beside fokker.py or on PATH")


def _toml(value):
    """A value of Python or numpy as TOML."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{value!r} is nothing that a case can hold")


def _call(verb, *words, **options):
    """(exit code, what the program says as JSON). stderr, with its progress, is left alone."""
    command = [program(), verb, *map(str, words), "--json"]
    for name, value in options.items():
        if value is not None and value is not False:
            command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    except OSError as error:
        raise FileError(f"{command[0]}: {error.strerror}") from None
    with child:
        try:
            said = child.communicate()[0]
        except BaseException:
            try:  # a terminal has sent it the same signal; it writes its state and ends
                child.communicate(timeout=1.5)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGINT)
                child.communicate()
            raise
    try:
        return child.returncode, json.loads(said)
    except ValueError:
        raise InternalError(f"{verb}: the program ended with {child.returncode} and no answer (its words are on stderr)") from None


def _raise(code, said, result=None):
    error = said.get("error", {})
    message = error.get("message", "" if "problems" in error else said.get("stop_reason", ""))
    problems = [Problem(*(problem[part] for part in Problem._fields)) for problem in error.get("problems", [])]
    if result is not None and code == 6:
        message = f"stopped at t = {result.t[-1]:g} ({message})"
    raise _BY_EXIT_CODE.get(code, InternalError)(message, problems, result)


def _solve(verb, case, overrides, out, must_hold, **options):
    temporary = _Temporary()
    if isinstance(case, dict):
        case = "\n".join(f"{json.dumps(str(key))} = {_toml(value)}" for key, value in case.items()) + "\n"
    if isinstance(case, str) and "\n" in case:
        text, case = case, temporary.path / "case.toml"
        case.write_text(text, encoding="utf-8")
    folder = Path(out) if out is not None else temporary.path / "run"
    words = [word for key, value in (overrides or {}).items() for word in ("--set", f"{key}={_toml(value)}")]
    code, said = _call(verb, case, *words, out=folder, **options)
    if "error" in said:
        _raise(code, said)
    result = Run(folder, temporary)
    if code in (4, 6):
        _raise(code, said, result)
    if result.state != "finished" or code not in (0, 5):
        raise InternalError(f"{folder}: the program ended with {code}, and its run is {result.state}")
    if must_hold and not result.ok:
        failed = [f"{check['quantity']} is {check['value']}, asked {check['bound']}" for check in result.checks if not check["ok"]]
        raise CheckFailed("\n".join(failed), result=result)
    return result


def run(case, overrides=None, *, out=None, force=False, threads=None, estimate=False, wall_time=None, must_hold=False):
    """Solves a case (a path, TOML text of more than one line, or a dict) and returns its Run.

    overrides: what `--set` takes, {"sde.parameters.sigma": 0.3}; out: the run folder, else a temporary one that is removed with the Run
    must_hold: a check that fails raises CheckFailed; else `ok` and `checks` of the Run say so. Other exceptions by exit code.
    """
    return _solve("run", case, overrides, out, must_hold, force=force, threads=threads, estimate=estimate, **{"wall-time": wall_time})


def steady(case, overrides=None, *, out=None, force=False, threads=None, estimate=False, must_hold=False):
    """The stationary density of a case, as `run`: one frame, `t` is inf."""
    return _solve("steady", case, overrides, out, must_hold, force=force, threads=threads, estimate=estimate)


def resume(run_dir, *, threads=None, wall_time=None):
    """Goes on with a run that was stopped or killed, to the same end; returns its Run."""
    code, said = _call("resume", run_dir, threads=threads, **{"wall-time": wall_time})
    if "error" in said:
        _raise(code, said)
    result = Run(run_dir)
    return result if code in (0, 5) else _raise(code, said, result)


class Member(NamedTuple):
    member: int
    parameters: dict
    status: str       # done | short (of a check) | failed | stopped | running | waiting
    quantities: dict  # None where it has none
    seconds: float
    folder: Path
    message: str


def _column(values):
    numbers = all(value is None or type(value) in (int, float) for value in values)
    return np.array([np.nan if value is None else value for value in values]) if numbers else np.array(values, dtype=object)


class Sweep:
    """folder, members (`load(m.folder)` reads one), table: parameters and quantities as columns; ok: all are done, and their checks hold."""

    def __init__(self, folder, said, temporary=None):
        self.folder, self._temporary = Path(folder).absolute(), temporary
        self.members = [Member(*(member[part] for part in Member._fields))._replace(folder=Path(member["folder"]).absolute()) for member in said["members"]]
        rows = [{**member.parameters, **member.quantities} for member in self.members]
        self.table = _Table({name: _column([row[name] for row in rows]) for name in rows[0]})
        self.warnings = said["warnings"]

    @property
    def ok(self):
        return all(member.status == "done" for member in self.members)


def sweep(sweep_file, *, out=None, jobs=None, threads=None, force=False, rerun_failed=False):
    """`fokker sweep`: a case over lists of parameters; goes on in `out` where it was stopped. A member that is short of a
    check is no exception; one that failed is, with the whole Sweep as `result`."""
    temporary = _Temporary()
    folder = Path(out) if out is not None else temporary.path / "sweep"
    code, said = _call("sweep", sweep_file, out=folder, jobs=jobs, threads=threads, force=force, rerun="failed" if rerun_failed else None)
    if "error" in said:
        _raise(code, said)
    result = Sweep(folder, said, temporary)
    if code in (0, 5):
        return result
    failed = [f"member {m.member} {m.status}: {m.message}" for m in result.members if m.status in ("failed", "stopped")]
    raise _BY_EXIT_CODE.get(code, InternalError)("\n".join(failed) or "stopped", result=result)


def compare(a, b):
    """`fokker compare`: two runs (folders or Runs), or a run and a .csv of samples or values; its answer as a dict."""
    code, said = _call("compare", *(getattr(side, "folder", side) for side in (a, b)))
    return said if code == 0 else _raise(code, said)
