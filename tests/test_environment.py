"""The pins: pyproject.toml, constraints.txt and environment.yml say the same."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
INDEX = PYPROJECT["tool"]["music-ai-course"]["torch-cpu-index"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")


def direct(*, extras: bool) -> list[Requirement]:
    """Return what pyproject.toml asks for."""
    groups = [PROJECT["dependencies"], *(EXTRAS.values() if extras else ())]
    return [Requirement(text) for group in groups for text in group]


def pins() -> dict[str, Version]:
    """Return the versions of constraints.txt; each name must stand there once."""
    found = {}
    for line in CONSTRAINTS.splitlines():
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        name = canonicalize_name(requirement.name)
        assert specifier.operator == "==", line
        assert name not in found, f"{name} stands there twice"
        found[name] = Version(specifier.version)
    return found


def problems(environment: dict) -> list[str]:
    """Return what is wrong with an environment.yml: keys, conda's part, pip's part."""
    found = []
    if set(environment) != {"name", "channels", "dependencies"}:
        found.append(f"expected name, channels and dependencies, got {sorted(environment)}")
    if environment.get("channels") != ["conda-forge"]:
        found.append(f"expected the channel conda-forge, got {environment.get('channels')}")
    *conda, last = environment.get("dependencies") or [None]
    for spec in conda:
        if not re.fullmatch(r"pip|python=3\.\d+", str(spec)):
            found.append(f"expected python=3.x and pip from conda, got {spec}")
    if not isinstance(last, dict) or set(last) != {"pip"}:
        return [*found, f"expected a pip section at the end, got {last}"]
    options = [line for line in last["pip"] if line.startswith("-")]
    if options != [f"--extra-index-url {INDEX}"]:
        found.append(f"expected PyTorch's CPU index as the only option, got {options}")
    return found + pin_problems([line for line in last["pip"] if not line.startswith("-")])


def pin_problems(lines: list[str]) -> list[str]:
    """Return where pip's part departs from pyproject.toml and constraints.txt."""
    found = []
    listed = {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}
    wanted = {canonicalize_name(r.name): r for r in direct(extras=False)}
    if set(listed) != set(wanted):
        found.append(f"other packages than pyproject.toml: {set(listed) ^ set(wanted)}")
    for name in set(listed) & set(wanted):
        if str(listed[name].specifier) != f"=={pins()[name]}":
            found.append(f"{listed[name]}: constraints.txt says {pins()[name]}")
        if not wanted[name].specifier.contains(pins()[name]):
            found.append(f"{name} {pins()[name]}: pyproject.toml says {wanted[name].specifier}")
    return found


@pytest.fixture
def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock_program", ROOT / ".ci" / "lock.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_environment_yml_is_right(environment: dict) -> None:
    assert problems(environment) == []


def test_its_python_is_a_supported_one(environment: dict) -> None:
    (python,) = [d for d in environment["dependencies"] if str(d).startswith("python=")]
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert python.removeprefix("python=") in {"3.11", "3.12", "3.13"}


def break_key(environment: dict) -> None:
    environment["variables"] = {"A": "b"}


def break_channel(environment: dict) -> None:
    environment["channels"] = ["defaults"]


def break_editable(environment: dict) -> None:
    environment["dependencies"][-1]["pip"].append("-e .")


def break_requirements(environment: dict) -> None:
    environment["dependencies"][-1]["pip"].append("-r constraints.txt")


def break_version(environment: dict) -> None:
    lines = environment["dependencies"][-1]["pip"]
    lines[1] = lines[1].replace("==", "==9")


def break_missing(environment: dict) -> None:
    environment["dependencies"][-1]["pip"].pop()


def break_conda(environment: dict) -> None:
    environment["dependencies"].insert(0, "pytorch=2.13")


@pytest.mark.parametrize(
    "damage",
    [
        break_key,
        break_channel,
        break_editable,
        break_requirements,
        break_version,
        break_missing,
        break_conda,
    ],
)
def test_a_wrong_environment_yml_is_noticed(environment: dict, damage) -> None:
    damage(environment)
    assert problems(environment) != []


def test_environment_yml_is_what_the_lock_program_writes(lock: ModuleType) -> None:
    written = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert written == lock.environment_text(PYPROJECT, CONSTRAINTS)


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    fixed = pins()
    for requirement in direct(extras=True):
        name = canonicalize_name(requirement.name)
        assert name in fixed, f"{name} is missing in constraints.txt: run .ci/lock.py"
        assert requirement.specifier.contains(fixed[name]), f"{name}: run .ci/lock.py"


def test_constraints_are_nothing_but_pins() -> None:
    for line in CONSTRAINTS.splitlines():
        assert re.match(r"[a-z0-9][a-z0-9.-]*==[0-9][\w.]*( ; .+)?$", line), line


def test_pytorch_and_the_model_contract_are_exact() -> None:
    exact = {r.name: str(r.specifier) for r in direct(extras=False)}
    assert exact["torch"] == "==2.13.0"
    assert exact["torchaudio"] == "==2.11.0"
    for name in ("onnx", "onnxscript", "onnxruntime"):
        assert re.fullmatch(r"==\d+\.\d+\.\d+", exact[name])


def test_cuda_is_pinned_for_linux_only() -> None:
    """With ``-c`` these cost nobody anything who doesn't need them."""
    lines = [line for line in CONSTRAINTS.splitlines() if line.startswith("nvidia-")]
    assert lines
    for line in lines:
        marker = Requirement(line).marker
        assert marker is not None, line
        for system in ("darwin", "win32"):
            assert not marker.evaluate({**default_environment(), "sys_platform": system})


def test_the_installed_course_has_the_pinned_versions() -> None:
    """What the tests run on is what students get; a local build (+cpu) counts as the same."""
    from importlib.metadata import version

    for requirement in direct(extras=False):
        installed = Version(version(requirement.name))
        assert installed.public == str(pins()[canonicalize_name(requirement.name)]), requirement
