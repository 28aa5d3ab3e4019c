"""What the repository may hold: no outputs, no machine's paths, nothing large, no dead links."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.version import Version

import utils
from utils.errors import ParameterError
from utils.launch_links import launch_links, readme_with_links, repository_key

TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".cff", ".ipynb", ".js", ".mjs", ".css"}
TEXT |= {".html", ".j2", ".json", ".csv", ".sh", "", ".in", ".cfg"}

# Written in pieces, so that this file does not find itself.
MACHINE_PATHS = [
    "/" + "work/",
    "/" + "root/",
    "/" + "tmp/w/",
    "/" + "opt/(wheels|pypi)",
    r"/home/\w+/",
    r"[A-Z]:\\Users\\\w",
]
PACKAGE_HOSTS = [
    "pypi" + r"\.org",
    "python" + r"hosted\.org",
    r"(deb|security|snapshot)\." + r"debian\.org",
    "npm" + r"js\.(org|com)",
    "PIP_" + "INDEX_URL|index" + r"-url\s*=",
]

# Each public address is written down in one place; all else is made from it.
ADDRESSES = {
    "download.pytorch.org": {"pyproject.toml", "environment.yml"},  # the second is made
    "mybinder.org": {"utils/launch_links.py"},
    "colab.research.google.com": {"utils/launch_links.py"},
}

MEGABYTE = 1_000_000
LARGEST_FILE = 16 * MEGABYTE
WHEEL_DATA = 25 * MEGABYTE


def read(path: Path) -> str | None:
    """Return a text file's content, or None if it is not text."""
    if path.suffix not in TEXT:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def hits(files: list[Path], root: Path, patterns: list[str]) -> list[str]:
    """Return where one of the patterns occurs."""
    found = []
    expression = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    for path in files:
        for number, line in enumerate((read(path) or "").splitlines(), start=1):
            match = expression.search(line)
            if match:
                found.append(f"{path.relative_to(root)}:{number} {match.group()}")
    return found


@pytest.fixture(scope="session")
def notebooks(repository_files: list[Path]) -> list[Path]:
    return [path for path in repository_files if path.suffix == ".ipynb"]


def test_the_listing_sees_the_repository(repository_files: list[Path], root: Path) -> None:
    names = {path.relative_to(root).as_posix() for path in repository_files}
    assert {"README.md", "course.py", "utils/__init__.py", ".ci/run"} <= names
    assert not any(name.startswith((".git/", ".venv/")) for name in names)


def test_the_listing_works_in_a_plain_folder(tmp_path: Path, files_of) -> None:
    kept = ["README.md", "utils/a.py", ".ci/run"]
    dropped = [".venv/lib/x.py", ".venv-setup/lock", "utils/__pycache__/a.pyc", "x.egg-info/PKG"]
    for name in [*kept, *dropped]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {path.relative_to(tmp_path).as_posix() for path in files_of(tmp_path)} == set(kept)


def test_no_path_of_a_machine(repository_files: list[Path], root: Path) -> None:
    assert hits(repository_files, root, MACHINE_PATHS) == []


def test_no_package_host(repository_files: list[Path], root: Path) -> None:
    assert hits(repository_files, root, PACKAGE_HOSTS) == []


def test_such_a_path_or_host_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    for bad in ("/" + "work/main", "/" + "opt/wheels", "C:" + r"\Users\ada", "/" + "home/ada/x"):
        path.write_text(f"see {bad} there")
        assert hits([path], tmp_path, MACHINE_PATHS), bad
    for bad in ("https://" + "pypi" + ".org/simple", "http://deb." + "debian.org/x"):
        path.write_text(bad)
        assert hits([path], tmp_path, PACKAGE_HOSTS), bad


@pytest.mark.parametrize("address", ADDRESSES)
def test_public_addresses_stand_in_one_place(
    repository_files: list[Path], root: Path, address: str
) -> None:
    places = {
        path.relative_to(root).as_posix()
        for path in repository_files
        if address in (read(path) or "") and not path.is_relative_to(root / "tests")
    }
    assert places == ADDRESSES[address]


def test_notebooks_are_valid_and_without_outputs(notebooks: list[Path]) -> None:
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                assert not cell.outputs, f"{path.name}, cell {number}: clear the outputs"
                assert cell.execution_count is None, f"{path.name}, cell {number}: clear it"
            assert "widgets" not in notebook.metadata, f"{path.name}: clear the widgets' state"


def test_no_file_is_large(repository_files: list[Path]) -> None:
    large = {str(p): p.stat().st_size for p in repository_files if p.stat().st_size > LARGEST_FILE}
    assert not large


def test_the_wheel_stays_small(repository_files: list[Path], root: Path) -> None:
    packages = [root / "utils", root / "grader"]
    inside = [p for p in repository_files if any(p.is_relative_to(place) for place in packages)]
    assert inside
    assert sum(path.stat().st_size for path in inside) <= WHEEL_DATA


def test_all_data_of_the_packages_get_into_the_wheel(
    repository_files: list[Path], root: Path
) -> None:
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    globs = patterns["package-data"]
    shipped: set[Path] = set()
    for package, names in globs.items():
        folder = root.joinpath(*package.split("."))
        for name in names:
            shipped |= set(folder.glob(name))
    for path in repository_files:
        if path.relative_to(root).parts[0] in {"utils", "grader"} and path.suffix != ".py":
            assert path in shipped, f"{path.relative_to(root)}: add it to package-data"


def test_no_pickles(repository_files: list[Path]) -> None:
    suffixes = {".pkl", ".pickle", ".pt", ".pth", ".joblib"}
    assert not [path for path in repository_files if path.suffix in suffixes]


def test_relative_links_resolve(repository_files: list[Path], root: Path) -> None:
    broken = []
    for path in repository_files:
        if path.suffix != ".md" or path.is_relative_to(root / "tests"):
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:|#", target):
                continue
            if not (path.parent / target.split("#")[0]).exists():
                broken.append(f"{path.name}: {target}")
    assert not broken


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert Version(str(citation["version"])) == Version(utils.__version__)
    required = {"cff-version", "message", "title", "authors"}
    assert required <= set(citation)
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["license"] == " AND ".join(citation["license"])
    for name in project["license-files"]:
        assert "The course authors" in (root / name).read_text(encoding="utf-8")


def test_the_readme_names_the_commands(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    for command in ("python3 course.py demo", "python3 course.py test", "environment.yml"):
        assert command in text


@pytest.mark.skipif(os.name == "nt", reason="a script for bash")
def test_ci_runs_the_command_of_the_readme(root: Path) -> None:
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert (
        script.read_text().rstrip().splitlines()[-1].startswith("exec python3 course.py test --all")
    )
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_pre_commit_runs_the_checks_of_the_test_command(root: Path) -> None:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    for tool in ("ruff check", "ruff format", "mypy", "codespell_lib"):
        assert any(entry.startswith(f"python -m {tool}") for entry in entries)


# ------------------------------------------------------------ launch links


def test_the_readme_has_the_links_of_its_key(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert readme_with_links(text, repository_key()) == text, "run python -m utils.launch_links"


def test_links_are_made_from_the_key(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    linked = readme_with_links(text, "ada/music")
    assert linked.count("[![Binder]") == linked.count("[![Tests]") == 1
    assert "/v2/gh/ada/music/HEAD?urlpath=lab/tree/lectures" in linked
    assert "ada/music/actions/workflows/ci.yml" in linked
    assert readme_with_links(linked, "ada/music") == linked
    assert readme_with_links(linked, "") == readme_with_links(text, "")
    one = launch_links("ada/music", path="lectures/05_cnns.ipynb")
    assert "/github/ada/music/blob/main/lectures/05_cnns.ipynb" in one
    assert "urlpath=lab/tree/lectures/05_cnns.ipynb" in one


def test_no_key_no_links() -> None:
    assert launch_links("") == ""
    assert launch_links("", path="lectures/05_cnns.ipynb") == ""


def test_wrong_keys_and_readmes_are_refused() -> None:
    with pytest.raises(ParameterError, match="expected a repository as owner/name, got 'music'"):
        launch_links("music")
    with pytest.raises(ParameterError, match="expected the markers"):
        readme_with_links("# no markers", "ada/music")


def test_the_workflow_of_the_badge_exists(root: Path) -> None:
    workflow = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())
    assert "bash .ci/run" in json.dumps(workflow)


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_their_data(
    repository_files: list[Path], root: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    for path in repository_files:
        copy = tree / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(tree)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("music_ai_course-*.whl")
    assert wheel.stat().st_size <= WHEEL_DATA
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {path.relative_to(root).as_posix() for path in repository_files}
    assert inside == {name for name in wanted if name.startswith(("utils/", "grader/"))}
