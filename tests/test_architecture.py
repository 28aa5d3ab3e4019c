"""Which way things flow, read from the imports.

audio -> notes -> models -> training -> metrics;  utils <- grader, never back
"""

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("utils", "grader")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
NOTEBOOKS = sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb")])

# What each part of `utils` may import from the other parts. All may import `errors` and `files`.
FLOW: dict[str, set[str]] = {
    "errors": set(),
    "files": set(),
    "torchaudio_shim": set(),
    "launch_links": set(),
    "reference": set(),
    "notes": {"torchaudio_shim"},
    "models": {"notes", "reference"},
    "training": {"notes", "models", "reference"},
    "submission": {"notes", "models", "training"},
    "zoo": {"notes", "models", "training", "reference"},
    "figures": {"notes", "models", "training", "reference", "zoo"},
    "widgets": {"notes", "models", "training", "reference", "zoo", "figures"},
    "lessons": {"notes", "models", "training", "reference", "zoo", "figures", "widgets"},
    "course_setup": {"notes", "torchaudio_shim"},
}

# Modules that the grader's processes and every notebook load first.
LIGHT = [
    "utils",
    "utils.errors",
    "utils.course_setup",
    "utils.torchaudio_shim",
    "utils.notes.vocabulary",
    "utils.notes.front_end",
    "utils.notes.store",
    "utils.notes.splits",
    "utils.notes.embedded",
    "utils.training.metrics",
    "utils.submission.codes",
    "utils.submission.contract",
    "utils.submission.score",
    "utils.submission.credit",
    "grader",
    "grader.sandbox.child",
    "grader.sandbox.zygote",
]
HEAVY = {"torch", "torchaudio", "ipywidgets", "anywidget", "matplotlib", "IPython", "sklearn"}


def module_name(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a source file imports, wherever in it, with the line."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *([node.module] if node.module else [])]
            yield ".".join(base), node.lineno
            for alias in node.names:
                yield ".".join([*base, alias.name]), node.lineno


def part_of(name: str) -> str | None:
    """Return the part of ``utils`` that a module belongs to."""
    parts = name.split(".")
    return parts[1] if parts[0] == "utils" and len(parts) > 1 else None


def violations(path: Path) -> list[str]:
    """Return the imports of a file of ``utils`` that go against the flow."""
    own = part_of(module_name(path))
    found = []
    for name, line in imports(path):
        other = part_of(name)
        if name.split(".")[0] == "grader":
            found.append(f"{path.name}:{line} imports {name}: utils never imports grader")
        elif (
            other in FLOW
            and other not in {own, "errors", "files"}
            and other not in FLOW.get(own, set())
        ):
            found.append(f"{path.name}:{line} {own} imports {other}: against the flow")
    return found


def test_every_part_of_utils_has_its_place() -> None:
    parts = {part_of(module_name(path)) for path in SOURCES} - {None}
    assert parts <= set(FLOW), "add the new part to FLOW"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_follow_the_flow(path: Path) -> None:
    if path.is_relative_to(ROOT / "utils"):
        assert violations(path) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("utils/notes/wrong.py", "from utils.models.lecture_cnn import LectureCNN"),
        ("utils/notes/wrong.py", "def f():\n    import grader.scoring"),
        ("utils/reference/wrong.py", "from ..notes import store"),
        ("utils/models/wrong.py", "from utils import training"),
    ],
)
def test_an_import_against_the_flow_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, line: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert violations(path)


def test_utils_itself_imports_nothing() -> None:
    assert list(imports(ROOT / "utils" / "__init__.py")) == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=module_name)
def test_packages_define_nothing_and_load_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path}: no docstring"
    code = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    assert code == [], f"{path}: code belongs into a module"
    assert {name.split(".")[0] for name, _ in imports(path)} <= set(sys.stdlib_module_names)


def test_light_modules_load_nothing_heavy() -> None:
    code = (
        "import importlib, json, sys\n"
        "loaded = {}\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    loaded[name] = sorted(m for m in sys.modules if '.' not in m)\n"
        "print(json.dumps(loaded))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *LIGHT], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    for name, loaded in json.loads(run.stdout).items():
        assert not HEAVY & set(loaded), f"{name} loads {HEAVY & set(loaded)}"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_no_wildcards_and_an_honest_all(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), f"{path}:{node.lineno}"
    if path.name in {"__init__.py", "__main__.py"}:
        return
    defined = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {
                name.id
                for target in targets
                for name in ast.walk(target)
                if isinstance(name, ast.Name)
            }
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {alias.asname or alias.name for alias in node.names}
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert listed, f"{path}: no __all__"
    assert set(listed[0]) <= defined, f"{path}: in __all__, but not defined"


def declared() -> dict[str, set[str]]:
    """Return the distributions that pyproject.toml asks for, by extra ("" = always)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(pins: list[str]) -> set[str]:
        return {re.split(r"[^\w.-]", pin)[0].lower() for pin in pins}

    extras = {key: names(pins) for key, pins in project["optional-dependencies"].items()}
    return {"": names(project["dependencies"]), **extras}


def test_what_is_imported_is_declared() -> None:
    """A package that is only there because another one needs it may vanish."""
    from importlib.metadata import packages_distributions

    distributions = packages_distributions()
    known = set(sys.stdlib_module_names) | {"utils", "grader", "tests", "conftest"}
    groups = declared()
    for_users = groups[""] | groups["render"] | groups["cluster"]
    files = [(path, for_users) for path in SOURCES]
    ours = [p for p in (ROOT / "tests").rglob("*.py") if "node_modules" not in p.parts]
    files += [(path, for_users | groups["dev"]) for path in ours]
    missing = set()
    for path, allowed in files:
        for name, line in imports(path):
            top = name.split(".")[0]
            owners = {owner.lower() for owner in distributions.get(top, [top])}
            if top not in known and not owners & allowed:
                missing.add(f"{path.relative_to(ROOT)}:{line} {top} (from {', '.join(owners)})")
    assert not missing, "add to pyproject.toml:\n" + "\n".join(sorted(missing))


def test_notebooks_import_public_names_only() -> None:
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            source = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", "".join(cell["source"]))
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith("utils."):
                    public = importlib.import_module(str(node.module)).__all__
                    private = {alias.name for alias in node.names} - set(public)
                    assert not private, f"{path.name}: not public in {node.module}: {private}"
