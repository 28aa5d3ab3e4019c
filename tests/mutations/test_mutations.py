"""The lists of mutations fit the code, their runner tells red from green, and all are killed."""

import subprocess
import sys

import pytest

from tests.mutations import run

LISTS = sorted(run.HERE.glob("*.toml"))
ALL = [mutation for path in LISTS for mutation in run.load(path)]


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_every_mutation_fits_the_code(mutation):
    run.check(mutation, run.ROOT)


def test_there_are_enough_and_none_twice():
    assert len(ALL) >= 60
    assert len({(m.file, m.find, m.replace) for m in ALL}) == len(ALL)


@pytest.fixture
def tree(tmp_path):
    """A tiny repository with one function and one test."""
    for name, text in {
        "utils/__init__.py": "",
        "utils/half.py": "def half(x):\n    y = x / 2\n    return y + 0\n",
        "tests/test_half.py": (
            "from utils.half import half\n\n\ndef test_half():\n    assert half(4) == 2\n"
        ),
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    }.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tree"


def runs(tree, *changes, tests='["tests/test_half.py"]'):
    """Run the runner on changes of ``half.py``, each (find, replace)."""
    path = tree.parent / "list.toml"
    entry = '[[mutation]]\nfile = "utils/half.py"\nfind = "{}"\nreplace = "{}"\ntests = {}\n'
    path.write_text("\n".join(entry.format(*change, tests) for change in changes), encoding="utf-8")
    command = [sys.executable, run.__file__, str(path), "--root", str(tree), "--start", "spawn"]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_killed_and_survived_are_told_apart(tree):
    before = (tree / "utils/half.py").read_text(encoding="utf-8")
    result = runs(tree, ("x / 2", "x * 2"), ("y + 0", "y - 0"), ("def half", "deff half"))
    assert result.returncode == 1, result.stderr
    assert "2 of 3 mutations killed" in result.stdout
    assert "survived: list#2 utils/half.py: y + 0 → y - 0  (tests: tests/test_half.py)" in (
        result.stdout
    )
    assert "killed list#1 utils/half.py: x / 2 → x * 2" in result.stdout
    assert "killed list#3" in result.stdout  # it can't even be imported
    assert (tree / "utils/half.py").read_text(encoding="utf-8") == before


def test_all_killed(tree):
    result = runs(tree, ("x / 2", "x / 3"), ("y + 0", "y + 1"))
    assert result.returncode == 0, result.stderr
    assert "2 of 2 mutations killed" in result.stdout


def test_a_red_start_is_an_error(tree):
    (tree / "utils/half.py").write_text("def half(x):\n    return x\n", encoding="utf-8")
    result = runs(tree, ("return x", "return x + 1"))
    assert result.returncode == 2
    assert "the named tests fail before anything is changed" in result.stderr


@pytest.mark.parametrize(
    ("find", "replace", "tests", "words"),
    [
        ("z / 2", "z", '["tests/test_half.py"]', "once in utils/half.py, found it 0 times"),
        ("x", "z", '["tests/test_half.py"]', "found it 2 times"),
        ("x / 2", "x / 2", '["tests/test_half.py"]', "expected a change"),
        ("x / 2", "x", "[]", "expected at least one test"),
        ("x / 2", "x", '["tests/test_none.py"]', "expected a test file, got tests/test_none.py"),
    ],
)
def test_wrong_lists_are_refused(tree, find, replace, tests, words):
    path = tree.parent / "list.toml"
    path.write_text(
        f'[[mutation]]\nfile = "utils/half.py"\nfind = "{find}"\nreplace = "{replace}"\n'
        f"tests = {tests}\n",
        encoding="utf-8",
    )
    with pytest.raises(run.MutationError, match=words):
        run.check(run.load(path)[0], tree)


def test_wrong_keys_are_refused(tmp_path):
    path = tmp_path / "list.toml"
    path.write_text('[[mutation]]\nfile = "a"\n', encoding="utf-8")
    with pytest.raises(run.MutationError, match=r"list#1: expected the keys .*'tests'.* got"):
        run.load(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(run.MutationError, match="expected at least one mutation, got none"):
        run.load(path)


@pytest.mark.full
@pytest.mark.timeout(4500)
def test_every_mutation_is_killed():
    result = subprocess.run(
        [sys.executable, run.__file__], capture_output=True, text=True, encoding="utf-8"
    )
    told = [line for line in result.stdout.splitlines() if not line.startswith("killed ")]
    assert result.returncode == 0, "\n".join([*told, result.stderr[-3000:]])
