"""Each package of the grader says what its modules are for: all of them, and no others."""

import ast
import re
from pathlib import Path

import pytest

GRADER = Path(__file__).parents[2] / "grader"
PACKAGES = sorted(path.parent for path in GRADER.rglob("__init__.py"))


def table(package: Path) -> tuple[set[str], set[str]]:
    """Return what the tables in a package's docstring are about, and all names in them."""
    words = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    subjects = re.findall(r"^``([^`]+)``  +\S", words, re.MULTILINE)
    return set(subjects), set(re.findall(r"``([^`]+)``", words))


def modules(package: Path) -> set[str]:
    """Return the modules and packages that a reader may look for."""
    names = {path.stem for path in package.glob("*.py")}
    names |= {path.parent.name for path in package.glob("*/__init__.py")}
    # those of verbs are named after them
    return {name for name in names if not name.startswith("__") and not name.endswith("_cli")}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_all_modules_stand_in_the_table_and_no_others(package: Path) -> None:
    subjects, named = table(package)
    assert modules(package) - named == set()
    there = {path.name.removesuffix(".py") for path in package.iterdir()}
    assert {name for name in subjects if name.rstrip("/") not in there} == set()


def test_a_module_that_is_missing_is_seen(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('"""All.\n\n``old``  gone\n``zip/``  scripts\n"""\n')
    (tmp_path / "new.py").touch()
    (tmp_path / "one_cli.py").touch()
    subjects, named = table(tmp_path)
    assert (subjects, modules(tmp_path) - named) == ({"old", "zip/"}, {"new"})
