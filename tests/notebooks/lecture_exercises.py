"""Run a lecture's exercises: unsolved, solved, and with every stored wrong answer."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from tests.notebooks.lecture_checks import checked_keys, code_cells, course, tree_of
from utils.course_setup import SETUP_CELL
from utils.lessons.catalog import find_exercise
from utils.lessons.checking import CheckResult, check

MOST_SOLUTION_LINES = 8


def exercise_problems(notebook: Any) -> list[str]:
    """Return what is wrong with the exercises of a lecture."""
    imports = imports_of(notebook)
    found = []
    for cell in code_cells(notebook):
        if course(cell).get("part") == "code":
            found += one_exercise(notebook, cell, imports)
    return found


def one_exercise(notebook: Any, cell: Any, imports: str) -> Iterator[str]:
    """Yield what is wrong with the exercise of one code cell."""
    key = course(cell)["exercise"]
    exercise = find_exercise(key)
    if not any(key in checked_keys(other) for other in notebook.cells):
        yield f"{key}: is never checked"
    if judged(imports, cell, key).passed:
        yield f"{key}: the unsolved cell passes its check"
    solution = solution_of(notebook, key)
    if solution is None:
        yield f"{key}: no folded solution with a python fence"
        return
    if not (result := judged(imports, cell, key, solution)).passed:
        yield f"{key}: the solution fails: {result}"
    if len([line for line in solution.splitlines() if line.strip()]) - 1 > MOST_SOLUTION_LINES:
        yield f"{key}: the solution has more than {MOST_SOLUTION_LINES} lines"
    if len(exercise.mistakes) < 3:
        yield f"{key}: fewer than three stored wrong answers"
    for mistake in exercise.mistakes:
        result = judged(imports, cell, key, exercise.wrong_source(mistake))
        if result.passed or mistake.words not in result.paragraphs[0]:
            yield f"{key}: expected {mistake.words!r}, got {result}"


def judged(imports: str, cell: Any, key: str, written: str = "") -> CheckResult:
    """Check what a student has after running a code cell with something written into it."""
    tree = tree_of(cell)
    tree.body = [node for node in tree.body if not is_check(node)]
    names: dict[str, Any] = {}
    exec(imports, names)
    exec(ast.unparse(tree), names)
    exec(written, names)
    return check(key, names.get(find_exercise(key).name))


def is_check(node: ast.stmt) -> bool:
    """Return whether a statement is a call of check."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "check"
    )


def solution_of(notebook: Any, key: str) -> str | None:
    """Return the source in the folded solution of an exercise."""
    for cell in notebook.cells:
        meta = course(cell)
        if meta.get("part") == "solution" and meta.get("exercise") == key:
            fence = re.search(
                r"<details>.*?```python\n(.*?)```.*?</details>", cell.source, flags=re.DOTALL
            )
            return fence.group(1) if fence else None
    return None


def imports_of(notebook: Any) -> str:
    """Return all import statements of a notebook, without those of the set-up cell."""
    lines = []
    for cell in code_cells(notebook):
        if cell.source.rstrip("\n") != SETUP_CELL.rstrip("\n"):
            nodes = tree_of(cell).body
            lines += [ast.unparse(n) for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))]
    return "\n".join(lines)
