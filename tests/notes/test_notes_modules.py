"""The table of modules is complete."""

import pkgutil
import re

import utils.notes


def test_the_table_of_modules_is_complete() -> None:
    listed = re.findall(r"^``(\w+)``", str(utils.notes.__doc__), flags=re.MULTILINE)
    assert len(listed) == len(set(listed))
    modules = {info.name for info in pkgutil.iter_modules(utils.notes.__path__)}
    assert set(listed) == modules - {"__main__"}
