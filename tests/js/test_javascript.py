"""The widgets' JavaScript: node's tests, types (tsc) and rules (ESLint).

The tools are installed by `npm install` in this folder.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NODE = shutil.which("node")
TESTS = sorted(HERE.glob("*.test.mjs"))
HINT = "run `npm install --no-package-lock` in tests/js"

needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
needs_tools = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules").is_dir(), reason=f"no node_modules: {HINT}"
)


def run(*command: object, cwd: Path = HERE) -> str:
    """Run node with these arguments; its output is the message of a failure."""
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [str(NODE), *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env=env,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def check_types(folder: Path = HERE) -> str:
    return run(HERE / "node_modules" / "typescript" / "bin" / "tsc", "--project", folder)


def lint(*targets: Path) -> str:
    eslint = HERE / "node_modules" / "eslint" / "bin" / "eslint.js"
    config = HERE / "eslint.config.mjs"
    return run(eslint, "--config", config, "--max-warnings", 0, *targets, cwd=ROOT)


@needs_node
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_node(path: Path) -> None:
    run("--test", path)


@needs_tools
def test_types() -> None:
    check_types()


@needs_tools
def test_rules() -> None:
    lint(ROOT / "utils" / "widgets", HERE, ROOT / "tests" / "browser")


@needs_tools
def test_a_wrong_type_is_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong.mjs").write_text('/** @type {number} */ export const x = "one";\n')
    config = f'{{"extends": "{(HERE / "tsconfig.json").as_posix()}", "include": ["wrong.mjs"]}}'
    (tmp_path / "tsconfig.json").write_text(config)
    with pytest.raises(AssertionError, match="not assignable to type 'number'"):
        check_types(tmp_path)


@needs_node
def test_a_failing_node_test_is_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong.test.mjs").write_text('throw new Error("on purpose");\n')
    with pytest.raises(AssertionError, match="on purpose"):
        run("--test", tmp_path / "wrong.test.mjs")


def test_versions_are_exact() -> None:
    import json

    tools = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert all(version[0].isdigit() for version in tools.values()), tools
    assert not (HERE / "package-lock.json").exists(), "it holds addresses of registries"
