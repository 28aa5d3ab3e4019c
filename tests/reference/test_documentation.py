"""Every reference function says what it takes, what it returns, and where it is taught."""

import importlib
import inspect
import pkgutil
import re

import numpydoc.docscrape
import pytest

import utils.reference

LECTURES = {
    "00_neural_networks",
    "01_losses",
    "02_gradient_descent",
    "03_optimizers",
    "04_overfitting",
    "05_cnns",
    "06_nsynth",
    "07_music_classification",
}
NOT_YET_WRITTEN: set[str] = set()
NOT_TAUGHT = {"utils.reference.checks"}  # argument checks

MODULES = [
    importlib.import_module(f"utils.reference.{info.name}")
    for info in pkgutil.iter_modules(utils.reference.__path__)
]


FUNCTIONS = {
    f"{module.__name__.split('.')[-1]}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if inspect.isfunction(value)
    and name in module.__all__
    and value.__module__ == module.__name__
    and module.__name__ not in NOT_TAUGHT
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_are_documented(function, root):
    doc = numpydoc.docscrape.FunctionDoc(function)
    assert doc["Summary"], "no first line"
    described = {name for p in doc["Parameters"] for name in p.name.replace("*", "").split(", ")}
    signature = inspect.signature(function)
    assert described == set(signature.parameters), "parameters are not those of the signature"
    if signature.return_annotation not in (None, "None"):
        assert doc["Returns"] or doc["Yields"], "nothing about what comes back"

    lectures = re.findall(r"``lectures/(\w+)\.ipynb``", "\n".join(doc["Notes"]))
    assert len(lectures) == 1, "expected one line 'Lecture: ``lectures/….ipynb``' in the notes"
    assert lectures[0] in LECTURES
    if lectures[0] not in NOT_YET_WRITTEN:
        assert (root / "lectures" / f"{lectures[0]}.ipynb").is_file()


def test_a_lecture_that_is_written_is_not_excused(root):
    assert not [name for name in NOT_YET_WRITTEN if (root / f"lectures/{name}.ipynb").exists()]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_modules_are_documented_and_short(module, root):
    assert module.__doc__
    public = set(module.__all__)
    assert all(hasattr(module, name) for name in public)
    defined = {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and (inspect.isfunction(value) or inspect.isclass(value))
        and not name.startswith("_")
    }
    assert defined <= public, "a name without underscore is not in __all__"
    n_lines = len(inspect.getsource(module).splitlines())
    assert n_lines <= 320, "modules stay at about 300 lines"


def test_the_table_of_modules_is_complete():
    listed = set(re.findall(r"^``(\w+)``", utils.reference.__doc__, flags=re.MULTILINE))
    assert listed == {module.__name__.split(".")[-1] for module in MODULES}
