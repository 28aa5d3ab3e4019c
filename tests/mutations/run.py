"""Break the code on purpose, in one place at a time, and see that the tests notice.

Every ``*.toml`` beside this file lists mutations::

    [[mutation]]
    file = "utils/reference/losses.py"
    find = "return prediction - target"      # occurs exactly once in the file
    replace = "return target - prediction"
    tests = ["tests/reference/test_losses.py"]

The tree is copied, so that nothing here is ever changed. In the copy the named tests have to
pass as they are; then each mutation is applied on its own, its tests run with ``-x``, and it
counts as killed if they turn red. Run it from anywhere::

    python tests/mutations/run.py                   # all lists
    python tests/mutations/run.py r1.toml --jobs 2  # some

The exit code is 0 if every mutation was killed, 1 if some survived, 2 if a list is wrong.
"""

import argparse
import importlib.util
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

__all__ = ["Mutation", "MutationError", "check", "load", "main"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "node_modules", "build", "dist", "demo-results", "results"
)
PRELOAD = ["pytest", "hypothesis", "torch", "scipy.signal", "sklearn.metrics", "numpydoc.docscrape"]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class MutationError(Exception):
    """A list of mutations does not fit the code."""


@dataclass(frozen=True)
class Mutation:
    """One change, and the tests that have to notice it."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        before, after = (" ".join(text.split()) for text in (self.find, self.replace))
        return f"{self.name} {self.file}: {before} → {after}"


@dataclass(frozen=True)
class Runner:
    """Runs tests in processes of their own, for so many seconds at most.

    Where the system can fork, the slow imports happen once, in a server that is forked for
    every run.
    """

    start: str
    timeout: float

    def pytest(self, tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
        """Return pytest's exit code and the last lines that it printed."""
        context = multiprocessing.get_context(self.start)
        if self.start == "forkserver":
            context.set_forkserver_preload(PRELOAD)
        log = tree.parent / f"{tree.name}.log"
        process = context.Process(target=_child, args=(str(tree), tests, str(log)))
        process.start()
        process.join(self.timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise MutationError(f"{' '.join(tests)} took longer than {self.timeout:.0f} s")
        output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return process.exitcode, output[-3000:]


def load(path: Path) -> list[Mutation]:
    """Return the mutations of a list."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutation", [])
    keys = {"file", "find", "replace", "tests"}
    mutations = []
    for number, entry in enumerate(entries, start=1):
        name = f"{path.stem}#{number}"
        if entry.keys() != keys:
            raise MutationError(f"{name}: expected the keys {sorted(keys)}, got {sorted(entry)}")
        tests = tuple(entry["tests"])
        mutations.append(Mutation(name, entry["file"], entry["find"], entry["replace"], tests))
    if not mutations:
        raise MutationError(f"{path.name}: expected at least one mutation, got none")
    return mutations


def check(mutation: Mutation, root: Path) -> None:
    """Raise MutationError unless the mutation fits the code below `root`."""
    file = root / mutation.file
    if not file.is_file():
        raise MutationError(f"{mutation.name}: expected a file, got {mutation.file}")
    count = file.read_text(encoding="utf-8").count(mutation.find)
    if count != 1:
        raise MutationError(
            f"{mutation.name}: expected to find {mutation.find!r} once in {mutation.file}, "
            f"found it {count} times"
        )
    if mutation.find == mutation.replace:
        raise MutationError(f"{mutation.name}: expected a change, got the same text")
    if not mutation.tests:
        raise MutationError(f"{mutation.name}: expected at least one test, got none")
    for test in mutation.tests:
        if not (root / test.split("::")[0]).is_file():
            raise MutationError(f"{mutation.name}: expected a test file, got {test}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(description="See that the tests notice broken code.")
    parser.add_argument(
        "lists", nargs="*", help="lists to run, all *.toml beside this file if none"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to copy")
    parser.add_argument("--jobs", type=int, default=2, help="tests at the same time (default 2)")
    parser.add_argument(
        "--timeout", type=float, default=600, help="seconds a mutation (default 600)"
    )
    methods = multiprocessing.get_all_start_methods()
    start = "forkserver" if "forkserver" in methods else "spawn"
    parser.add_argument(
        "--start",
        choices=methods,
        default=start,
        help=f"how processes start (default {start}; spawn imports everything anew each time)",
    )
    options = parser.parse_args(arguments)
    paths = [_list(name) for name in options.lists] or sorted(HERE.glob("*.toml"))
    try:
        mutations = [mutation for path in paths for mutation in load(path)]
        for mutation in mutations:
            check(mutation, options.root)
        survivors = _run(
            mutations, options.root, options.jobs, Runner(options.start, options.timeout)
        )
    except (MutationError, OSError, tomllib.TOMLDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(mutations) - len(survivors)} of {len(mutations)} mutations killed")
    for mutation in survivors:
        print(f"survived: {mutation}  (tests: {' '.join(mutation.tests)})")
    return 1 if survivors else 0


def _list(name: str) -> Path:
    path = Path(name)
    return path if path.is_file() else HERE / name


def _run(mutations: list[Mutation], root: Path, jobs: int, runner: Runner) -> list[Mutation]:
    """Return the mutations that survived."""
    for variable in THREADS:  # two runs share two cores, and a forked child wants no threads
        os.environ[variable] = "1"
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        trees: queue.Queue[Path] = queue.Queue()
        for i in range(jobs):
            tree = Path(folder) / str(i)
            shutil.copytree(root, tree, ignore=LEFT_OUT)
            trees.put(tree)
        started = time.monotonic()
        tests = tuple(sorted({test for mutation in mutations for test in mutation.tests}))
        code, output = replace(runner, timeout=10 * runner.timeout).pytest(trees.queue[0], tests)
        if code != 0:
            raise MutationError(f"the named tests fail before anything is changed:\n{output}")
        print(f"the tests pass unchanged ({time.monotonic() - started:.0f} s)")
        with ThreadPoolExecutor(jobs) as pool:
            try:
                survivors = _collect(
                    {pool.submit(_survives, m, trees, runner): m for m in mutations}
                )
            except BaseException:  # Ctrl-C too: don't wait for those that have not begun
                pool.shutdown(cancel_futures=True)
                raise
    return sorted(survivors, key=mutations.index)


def _collect(running: "dict[Future[bool], Mutation]") -> list[Mutation]:
    """Report mutations as they are done; return those that survived."""
    survivors = []
    for future in tqdm(as_completed(running), total=len(running), unit="mutation", disable=None):
        mutation = running[future]
        if future.result():
            survivors.append(mutation)
        tqdm.write(f"{'SURVIVED' if future.result() else 'killed'} {mutation}")
    return survivors


def _survives(mutation: Mutation, trees: "queue.Queue[Path]", runner: Runner) -> bool:
    """Return whether the tests stay green; the tree is as before afterwards."""
    tree = trees.get()
    file = tree / mutation.file
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before.replace(mutation.find, mutation.replace), encoding="utf-8")
        code, output = runner.pytest(tree, mutation.tests)
    finally:
        file.write_text(before, encoding="utf-8")
        trees.put(tree)
    if code not in (0, 1, 2):  # 2: it can't even be imported
        raise MutationError(f"{mutation.name}: pytest ended with code {code}:\n{output}")
    return code == 0


def _child(tree: str, tests: tuple[str, ...], log: str) -> None:
    """Run pytest inside the copied tree, with everything it prints in a file."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.chdir(tree)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the reference tests need none
    sys.dont_write_bytecode = True  # a mutation keeps the file's size, and often its second
    sys.path.insert(0, tree)
    importlib.invalidate_caches()
    found = importlib.util.find_spec("utils")
    if found is None or not str(found.origin).startswith(tree):
        print(f"expected utils inside {tree}, found {found}")
        raise SystemExit(3)
    import pytest

    # Without the plugins, settings of theirs would be unknown: hence nothing strict. Runs that
    # share pytest's folder for temporary files sweep it at the same time: hence one each.
    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", f"--basetemp={tree}-tmp"]
    raise SystemExit(int(pytest.main([*options, *tests])))


if __name__ == "__main__":
    sys.exit(main())
