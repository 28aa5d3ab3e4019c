"""Values are compared as NumPy compares them, and shown in one line."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.lessons.rich import Note, inline, plain
from utils.lessons.values import as_array, difference, same, show

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)


@given(NUMBERS, NUMBERS)
def test_same_agrees_with_torch(a, b):
    x, y = torch.tensor(a), torch.tensor(b)
    expected = x.shape == y.shape and torch.allclose(y, x, rtol=1e-4, atol=1e-6)
    assert same(x, y) == expected
    assert same(a, x)
    assert same(x, np.array(a))


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (1.0, 2.0, "expected 1, got 2"),
        (torch.ones(2), torch.ones(3), r"expected shape \(2,\), got shape \(3,\)"),
        (torch.ones(()), torch.ones(1), "shape"),
        (1.0, None, "got None"),
        (True, 1, "expected True, got 1"),
        ("a", "b", "expected 'a', got 'b'"),
        (1.0, ..., "got ..."),
        (float("nan"), 1.0, "expected nan"),
    ],
)
def test_difference_says_what(expected, got, words):
    import re

    assert re.search(words, difference(expected, got))
    assert difference(expected, expected) is None


def test_values_in_one_line():
    assert show(torch.tensor([[1.0, 2.5], [3.0, 4.0]])) == "[[1, 2.5], [3, 4]]"
    assert show(torch.zeros(3, 4)) == "[0, 0, 0, 0, …] of shape (3, 4)"
    assert show(1 / 3) == "0.3333"
    assert show(len) == "len"
    assert len(show("x" * 200)) <= 60
    assert as_array({}) is None
    assert as_array([[1], [1, 2]]) is None


def test_text_is_escaped_and_marked():
    assert inline("**a** <b> `x**2 < y**2`") == "<b>a</b> &lt;b&gt; <code>x**2 &lt; y**2</code>"
    assert plain("**a** `x**2` `y**2`") == "a `x**2` `y**2`"
    assert inline("**take `x**2`**") == "<b>take <code>x**2</code></b>"
    assert plain("**take `x**2`**") == "take `x**2`"
    note = Note("wrong", "No <script>", ("**so**",), folded="b")
    assert "<script>" not in note._repr_html_()
    assert "✗" in note._repr_html_()
    assert "<details>" in note._repr_html_()
    assert repr(note) == "✗ No <script>\nso\n(unfold) b"
