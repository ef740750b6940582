#!/usr/bin/env python3
"""Who may include whom, and a few more promises that a compiler does not keep.

Reads include/fokker, src and validation/unit and prints one line per breach, like
`src/scheme/flux.cpp:7 may not include case/`; exits 1 when there is any. `--self-test` feeds it one breach of each kind.
"""
import ast
import fnmatch
import pathlib
import re
import sys
import tempfile

# Whom a module sees beside itself; never a sibling, never upwards.
SEES = {
    "base": "",
    "grid": "base",
    "model": "base",
    "operator": "base grid",
    "particles": "base grid model",
    "spectral": "base grid model",
    "analysis": "base grid model",
    "case": "base grid model",
    "output": "base grid",
    "scheme": "base grid model operator",
    "solve": "base grid operator",
    "integrate": "base grid operator solve",
    "run": "base grid model operator particles spectral analysis case output scheme solve integrate",
    "cli": "base grid model operator particles spectral analysis case output scheme solve integrate run",
}
# What the tests of a module are tried on, beside what the module sees.
GUESTS = {"solve": "model scheme", "integrate": "model scheme", "scheme": "solve"}
# The sub-folders of `run`: each sees those before it.
RUN = ["build", "state", "witness", "observe", "judge", "estimate", "study", "manual", "records", "figure", "report", "check", "sweep"]
RUN_HEADERS = {"march": "state", "check_result": "observe", "reverse_row": "observe", "sweep": "sweep", "observers": "observe", "judgement": "judge"}
PICTURE, DRAWN, DRAWN_END = "docs/architecture.md", "<!-- drawn by tools/check_floors.py --draw -->", "<!-- end of the picture -->"
CONSOLE = "src/cli/console.cpp"

# What a third-party header is called -> the only places that may include it; the first row that matches counts.
THIRD_PARTY = [
    (r"Eigen/Sparse.*|Eigen/.*Solvers?", ["src/solve/shifted_solver.cpp"]),
    (r"Eigen/.*", ["include/fokker/*", "src/*"]),
    (r"unsupported/Eigen/MatrixFunctions", ["src/model/linear_gaussian*.cpp"]),
    (r"boost/numeric/odeint.*", ["src/integrate/explicit.cpp", "src/model/linear_gaussian*.cpp", "src/particles/flow_integrator.cpp"]),
    (r"boost/math/.*", ["src/analysis/*", "src/scheme/fitted/stationary_weights*.cpp"]),
    (r"fftw3\.h", ["src/spectral/fourier.cpp"]),
    (r"vtk\w+\.h", ["src/output/paraview.cpp"]),
    (r"cairo[\w-]*\.h|fontconfig/.*", ["src/output/figure/cairo_canvas.cpp"]),
    (r"toml\+\+/.*", ["src/case/toml_adapter.cpp"]),
    (r"nlohmann/.*", ["include/fokker/output/json_text.hpp"]),
    (r"sqlite3\.h", ["src/run/sweep/store.cpp"]),
    (r"xxhash\.h", ["src/output/checkpoint.cpp"]),
    (r"CLI/.*", ["src/cli/main.cpp"]),
    (r"(oneapi/)?tbb/.*", ["src/base/parallel.cpp"]),
    (r"fmt/.*", ["include/fokker/*", "src/*"]),
    (r"zlib\.h", ["src/output/html.cpp"]),
    (r"(unistd|fcntl|poll|spawn|sys/\w+|termios|signal|immintrin)\.h", ["src/base/*", "src/particles/*", "src/output/*", "src/run/*", "src/cli/*"]),
    (r"[a-z_]+[0-9]*", ["*"]),  # the standard library
]
GENERATED = ["fokker/version.hpp", "fokker/commit.hpp", "fokker/starters.hpp", "fokker/page_files.hpp"]  # written by CMake, for `run` and `cli`

MOST_LINES, MOST_FILES, MOST_FOLDER_LINES, MOST_FUNCTION_LINES = 400, 30, 3500, 60
ONE_FILE, MOST_LINES_OF_ONE_FILE = "python/fokker.py", 700  # to be copied anywhere
LARGE_FOLDERS = {}  # folder -> why

BODY = re.compile(r" *(?!namespace|class|struct|enum|union)\S.*\)(?: const| override| final| noexcept| mutable| try| -> [^{]+)* \{")
TYPE = re.compile(r"(?:template\s*<[^>]*>\s*)?(?:struct|class)\s+(\w+)(?:\s+final)?\s*(?::[^:].*)?\{")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
PRINTS = re.compile(r"std::(cout|cerr|clog)\b|\bfmt::print\(|(?<![\w:])(printf|puts|fprintf)\(")
MUTABLE_STATIC = re.compile(r"^\s*(static|thread_local)\s+(?!const\b|constexpr\b|inline\s+const)[^()=;{]*[\w>]\s+\w+\s*(=|;|\{)")
TEST_NAME = re.compile(r'\b(?:TEST_CASE|SCENARIO)(?:_FIXTURE|_TEMPLATE)?\s*\(\s*(?:\w+\s*,\s*)?"((?:[^"\\]|\\.)*)"')
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")


def module_of(path):
    """The module of a path relative to the tree, or None."""
    for folder in ("include/fokker/", "src/", "validation/unit/"):
        if path.startswith(folder) and path[len(folder):].split("/")[0] in SEES:
            return path[len(folder):].split("/")[0]
    return None


def may_see(path, module):
    own = module_of(path)
    if own is None or own == module:
        return True
    seen = SEES[own] + (" " + GUESTS.get(own, "") if path.startswith("validation/") else "")
    return module in seen.split()


def run_folder_of(root, path):
    """The sub-folder of run that a file belongs to (a header: where its source is, or as RUN_HEADERS says), or None."""
    if path.startswith("src/run/"):
        return path.split("/")[2]
    if not path.startswith("include/fokker/run/"):
        return None
    name = pathlib.PurePath(path).stem
    return RUN_HEADERS.get(name) or next((folder for folder in RUN if (root / f"src/run/{folder}/{name}.cpp").exists()), None)


def check_run_include(root, path, target):
    """Complaint about an include from one sub-folder of run to another, or None."""
    own, other = run_folder_of(root, path), run_folder_of(root, target)
    if not target.startswith(("src/run/", "include/fokker/run/")) or not own or own == other:
        return None
    if other not in RUN:
        return f"includes {target}, whose sub-folder of run is not known; give it a source of that name or a row in RUN_HEADERS"
    return None if RUN.index(other) < RUN.index(own) else f"may not include run/{other} ({target})"


def check_own_include(root, path, name):
    """Complaint about #include "name" in the file `path`, or None."""
    if name in GENERATED:
        return None if module_of(path) in ("run", "cli") else f"may not include {name}"
    if name.startswith("fokker/"):
        target = "include/" + name
    else:
        local = (root / path).parent / name
        target = local.resolve().relative_to(root).as_posix() if local.exists() else ""
    if not (root / target).is_file():
        return f'includes "{name}", which is not there (third-party headers stand in angle brackets)'
    if target.startswith("validation/") and path.startswith("validation/"):
        return None  # what tests share; it is read in its own right
    module = module_of(target)
    return check_run_include(root, path, target) if module and may_see(path, module) else f"may not include {module or target}/"


def check_foreign_include(path, name):
    if path.startswith("validation/"):
        return None  # a test may use any oracle
    for pattern, places in THIRD_PARTY:
        if re.fullmatch(pattern, name):
            allowed = any(fnmatch.fnmatchcase(path, place) for place in places)
            return None if allowed else f"may not include <{name}> (only {', '.join(places)})"
    return f"includes <{name}>, which tools/check_floors.py does not know; give it a row"


def check_file(root, path):
    text = (root / path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        include = INCLUDE.match(line)
        if include:
            own = include.group(1) == '"'
            said = check_own_include(root, path, include.group(2)) if own else check_foreign_include(path, include.group(2))
            if said:
                yield f"{where} {said}"
        if UNFINISHED.search(line):
            yield f"{where} is unfinished: {line.strip()}"
        code = line.split("//")[0]
        if path.startswith(("src/", "include/")):
            if PRINTS.search(code) and path != CONSOLE:
                yield f"{where} prints; only {CONSOLE} does, which escapes what a terminal would obey"
            if MUTABLE_STATIC.match(code):
                yield f"{where} keeps state in a static"
    for name in TEST_NAME.finditer(text):
        if "," in name.group(1):
            number = text.count("\n", 0, name.start()) + 1
            yield f"{path}:{number} has a comma in a test name, which ctest splits into two tests that run nothing"


def types_of(text):
    """Types that a file defines for all of the program: outside of anonymous namespaces, at the margin."""
    spaces = []
    for line in text.splitlines():
        if opened := re.match(r"namespace\s*([\w:]*)\s*\{", line):
            spaces.append(opened.group(1))
        elif re.match(r"\}\s*// namespace", line) and spaces:
            spaces.pop()
        elif spaces and "" not in spaces and (found := TYPE.match(line)):
            yield "::".join([*spaces, found.group(1)])


def check_types(root, sources):
    """Two types of one name are one to the linker: whichever inline function it keeps serves both."""
    home = {}
    for path in sources:
        if not path.startswith("validation/"):
            for name in types_of((root / path).read_text(encoding="utf-8")):
                if home.setdefault(name, path) != path:
                    yield f"{path} defines {name}, and so does {home[name]}"


def check_functions(path, lines):
    """A body is two columns to the right of the brace that ends it: clang-format sees to it."""
    for number, line in enumerate(lines):
        if BODY.fullmatch(line) and number + 1 < len(lines):
            margin = len(lines[number + 1]) - len(lines[number + 1].lstrip()) - 2
            end = next((n for n in range(number, len(lines)) if lines[n].startswith(" " * margin + "}")), number)
            if end - number >= MOST_FUNCTION_LINES:
                yield f"{path}:{number + 1} has {end - number + 1} lines in one function, at most {MOST_FUNCTION_LINES}"


def check_sizes(root, sources):
    folders = {}
    for path in sources:
        if path.startswith("validation/"):
            continue
        text = (root / path).read_text(encoding="utf-8").splitlines()
        yield from check_functions(path, text)
        lines = len(text)
        if lines > MOST_LINES:
            yield f"{path} has {lines} lines, at most {MOST_LINES}"
        folder = folders.setdefault(path.rsplit("/", 1)[0], [0, 0])
        folder[0] += 1
        folder[1] += lines
    for folder, (files, lines) in folders.items():
        if folder in LARGE_FOLDERS:
            continue
        if files > MOST_FILES or lines > MOST_FOLDER_LINES:
            yield f"{folder} has {files} files and {lines} lines, at most {MOST_FILES} and {MOST_FOLDER_LINES}"


def check_links(root):
    """Files that the documents link to."""
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "validation").rglob("*.md")]:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            for target in re.findall(r"\]\(([^()#\s]+)(?:#[^()\s]*)?\)", re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"\w+:", target) and not (page.parent / target).exists():
                    yield f"{page.relative_to(root)}:{number} links to {target}, which is not there"


def check_one_file(root):
    """python/fokker.py: beside the standard library numpy alone, and no long functions."""
    if not (root / ONE_FILE).exists():
        return
    text = (root / ONE_FILE).read_text(encoding="utf-8")
    if text.count("\n") > MOST_LINES_OF_ONE_FILE:
        yield f"{ONE_FILE} has {text.count(chr(10))} lines, at most {MOST_LINES_OF_ONE_FILE}"
    for node in ast.walk(ast.parse(text)):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] not in {*sys.stdlib_module_names, "numpy"}:
                yield f"{ONE_FILE}:{node.lineno} imports {name}; it is to work with numpy alone"
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MOST_FUNCTION_LINES:
            yield f"{ONE_FILE}:{node.lineno} has {node.end_lineno - node.lineno + 1} lines in one function, at most {MOST_FUNCTION_LINES}"


def sources_of(root):
    files = [file for folder in ("include/fokker", "src", "validation/unit") for file in sorted((root / folder).rglob("*"))]
    return [file.relative_to(root).as_posix() for file in files if file.suffix in (".cpp", ".hpp")]


def included_modules(root):
    """Module -> the modules that its headers and sources really include."""
    seen = {module: set() for module in SEES}
    for path in sources_of(root):
        if path.startswith("validation/") or not module_of(path):
            continue
        for line in (root / path).read_text(encoding="utf-8").splitlines():
            include = INCLUDE.match(line)
            if include and include.group(2).startswith("fokker/"):
                other = module_of("include/" + include.group(2))
                if other and other != module_of(path):
                    seen[module_of(path)].add(other)
    return seen


def picture(root):
    """The modules and their arrows as Mermaid text; an arrow that others imply is left out."""
    seen = included_modules(root)

    def reach(module):
        return seen[module].union(*(reach(other) for other in seen[module])) if seen[module] else set()

    arrows = [f"  {module} --> {other}" for module in SEES for other in sorted(seen[module])
              if not any(other in reach(between) for between in seen[module] if between != other)]
    return "\n".join([DRAWN, "```mermaid", "flowchart TD", *arrows, "```", DRAWN_END])


def check_picture(root):
    document = root / PICTURE
    if not document.exists():
        return []
    true = picture(root) in document.read_text(encoding="utf-8")
    return [] if true else [f"{PICTURE} draws other arrows than the includes; run tools/check_floors.py --draw"]


def check_signposts(root):
    """Rows `question | file | function` of the picture's document: the function stands in the file."""
    document = root / PICTURE
    text = document.read_text(encoding="utf-8") if document.exists() else ""
    for path, function in re.findall(r"\| `([\w/.]+)` \| `([\w:]+)` \|", text):
        name = re.escape(function.split("::")[-1])
        if not (root / path).is_file() or not re.search(rf"\b{name}\b", (root / path).read_text(encoding="utf-8")):
            yield f"{PICTURE} says that {function} stands in {path}"


def draw(root):
    document = root / PICTURE
    text = document.read_text(encoding="utf-8")
    before, after = text.split(DRAWN)[0], text.split(DRAWN_END)[1]
    document.write_text(before + picture(root) + after, encoding="utf-8")


def check_tree(root):
    root = root.resolve()
    sources = sources_of(root)
    said = [said for path in sources for said in check_file(root, path)]
    return len(sources), [*said, *check_types(root, sources), *check_sizes(root, sources), *check_picture(root),
                          *check_signposts(root), *check_one_file(root), *check_links(root)]


def self_test():
    good = {
        "include/fokker/base/points.hpp": "#include <Eigen/Core>\n#include <vector>\n",
        "include/fokker/case/case.hpp": '#include "fokker/base/points.hpp"\n  static std::string join(int n);\n',
        "src/scheme/p.hpp": "namespace fokker {\nclass Twice final : Base {\n};\n}  // namespace fokker\nnamespace fokker {\nnamespace {\nstruct Own {\n};\n}  // namespace\n",
        "src/solve/p.cpp": "namespace fokker {\nnamespace {\nstruct Own {\n};\n",
        "src/scheme/rows.hpp": "static constexpr int n = 3;\n",
        "src/solve/shifted_solver.cpp": '#include <Eigen/SparseLU>\n#include "rows.hpp"\n',
        "src/solve/rows.hpp": "",
        "validation/unit/solve/test_rows.cpp": '#include "../scheme/shared.hpp"\n',
        "src/cli/main.cpp": '#include "fokker/case/case.hpp"\n#include "fokker/version.hpp"\n',
        "src/cli/console.cpp": 'std::cout << 1;\n',
        "validation/unit/scheme/shared.hpp": "#include <random>\n",
        "include/fokker/run/table.hpp": "",
        "src/run/observe/table.cpp": '#include "fokker/run/table.hpp"\n',
        "src/run/study/r.cpp": '#include "../observe/s.hpp"\n#include "fokker/run/table.hpp"\n',
        "src/run/observe/s.hpp": "",
        "validation/unit/case/test_case.cpp": '#include <doctest/doctest.h>\n#include "../scheme/shared.hpp"\nTEST_CASE("a name") { f("a, b"); }\n',
    }
    bad = {
        "src/scheme/flux.cpp": ('\n\n\n\n\n\n#include "fokker/case/case.hpp"\n', "src/scheme/flux.cpp:7 may not include case/"),
        "src/integrate/n.cpp": ('#include "../scheme/rows.hpp"', "src/integrate/n.cpp:1 may not include scheme/"),
        "src/solve/o.cpp": ('#include "../scheme/rows.hpp"', "src/solve/o.cpp:1 may not include scheme/"),
        "src/model/p.cpp": ("namespace fokker {\nstruct Twice {\n};\n}  // namespace fokker\n", "src/scheme/p.hpp defines fokker::Twice"),
        "src/model/q.cpp": ("\n" * 401, "src/model/q.cpp has 401 lines"),
        "src/model/r.cpp": ("int f() {\n" + "  g();\n" * 58 + "}\n\nint h(int n)\n    : n_(n) {\n" + "  g();\n" * 60 + "}\n",
                            "src/model/r.cpp:63 has 62 lines in one function"),
        "src/base/a.cpp": ('#include "../scheme/rows.hpp"', "src/base/a.cpp:1 may not include scheme/"),
        "src/grid/b.cpp": ("#include <vtkNew.h>", "src/grid/b.cpp:1 may not include <vtkNew.h> (only"),
        "src/case/c.cpp": ("#include <Eigen/SparseLU>", "src/case/c.cpp:1 may not include <Eigen/SparseLU>"),
        "src/model/d.cpp": ("#include <petsc.h>", "src/model/d.cpp:1 includes <petsc.h>, which"),
        "src/model/e.cpp": ("  static int calls = 0;", "src/model/e.cpp:1 keeps state"),
        "src/analysis/f.cpp": ('  fmt::print("x");', "src/analysis/f.cpp:1 prints"),
        "src/run/g.cpp": ("// TO" "DO later", "src/run/g.cpp:1 is unfinished"),
        "src/cli/verb.cpp": ("std::cerr << 1;", "src/cli/verb.cpp:1 prints"),
        "src/run/build/t.cpp": ('#include "fokker/run/table.hpp"', "src/run/build/t.cpp:1 may not include run/observe (include/fokker/run/table.hpp)"),
        "src/run/witness/u.cpp": ('#include "../observe/s.hpp"', "src/run/witness/u.cpp:1 may not include run/observe (src/run/observe/s.hpp)"),
        "src/case/m.cpp": ('#include "fokker/output/n.hpp"', "src/case/m.cpp:1 may not include output/"),
        "src/case/h.cpp": ('#include "fokker/commit.hpp"', "src/case/h.cpp:1 may not include fokker/commit.hpp"),
        "src/case/i.cpp": ('#include "fokker/case/gone.hpp"', 'src/case/i.cpp:1 includes "fokker/case/gone.hpp", which is not'),
        "validation/unit/case/j.cpp": ('TEST_CASE(\n    "one, two") {}', "validation/unit/case/j.cpp:1 has a comma"),
        "validation/unit/case/k.cpp": ('#include "fokker/run/l.hpp"', "validation/unit/case/k.cpp:1 may not include run/"),
    }
    bad["docs/page.md"] = ("[good](architecture.md#house) `[code](no.md)`\n[bad](gone.md#there)\n", "docs/page.md:2 links to gone.md")
    bad[ONE_FILE] = ("import json\nfrom xml.etree import ElementTree\nimport numpy as np\nimport scipy.sparse\n", f"{ONE_FILE}:4 imports scipy.sparse")
    bad["docs/architecture.md"] = (f"{DRAWN}\nnothing\n{DRAWN_END}\n| where | `src/grid/b.cpp` | `Lost::way` |\n",
                                   "docs/architecture.md draws other arrows")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {**good, **{p: t for p, (t, _) in bad.items()}, "include/fokker/run/l.hpp": "", "include/fokker/output/n.hpp": ""}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        _, said = check_tree(root)
    for expected in [expected for _, expected in bad.values()] + ["docs/architecture.md says that Lost::way"]:
        hits = [line for line in said if line.startswith(expected)]
        assert len(hits) == 1, f"expected '{expected}', got {said}"
    assert len(said) == len(bad) + 1, f"complaints about good lines among {said}"
    print(f"check_floors: self-test passed, {len(bad) + 1} breaches found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:] == ["--draw"]:
        return draw(pathlib.Path(__file__).resolve().parent.parent)
    count, said = check_tree(pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(said + [f"check_floors: {count} files, {len(said)} breaches"]))
    return 1 if said or not count else 0


if __name__ == "__main__":
    sys.exit(main())
