"""What counts as other code."""

import pytest

from utils.zoo.provenance import code_lines, code_sha256, settings_sha256

SOURCE = '''"""A module."""

import math  # kept, with what follows


def area(r):
    """Return the area.

    Of a circle.
    """
    # a comment
    text = """not a docstring"""
    return math.pi * r**2
'''


def test_docstrings_comments_and_blank_lines_are_left_out():
    assert code_lines(SOURCE) == [
        "import math  # kept, with what follows",
        "def area(r):",
        '    text = """not a docstring"""',
        "    return math.pi * r**2",
    ]


def test_every_other_line_counts():
    changed = SOURCE.replace("r**2", "r**3")
    assert code_lines(changed) != code_lines(SOURCE)
    assert code_lines(SOURCE.replace("Of a circle.", "Of a disk.")) == code_lines(SOURCE)


def test_digests():
    one, two = "utils.models.cnn1d", "utils.models.blocks"
    assert code_sha256((one, two)) == code_sha256((two, one, one)) != code_sha256((one,))
    assert settings_sha256({"a": 1, "b": 2}) == settings_sha256({"b": 2, "a": 1})
    assert settings_sha256({"a": 1}) != settings_sha256({"a": 2})
    with pytest.raises(ModuleNotFoundError):
        code_sha256(("utils.zoo.nothing",))
