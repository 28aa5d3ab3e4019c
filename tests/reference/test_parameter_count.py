"""Parameter counts against torch.nn, and equal budgets for wide and deep nets."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.reference.parameter_count import count_parameters, matching_width


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (2, 7, 4, 1)])
def test_agrees_with_pytorch(sizes):
    layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    expected = sum(p.numel() for layer in layers for p in layer.parameters())
    assert count_parameters(sizes) == expected


@given(budget=st.integers(20, 3000), depth=st.integers(1, 5), n_inputs=st.integers(1, 4))
def test_the_width_spends_the_budget(budget, depth, n_inputs):
    def cost(width):
        return count_parameters([n_inputs, *[width] * depth, 2])

    if cost(1) > budget:
        return
    width = matching_width(budget, hidden_layers=depth, n_inputs=n_inputs, n_outputs=2)
    assert cost(width) <= budget < cost(width + 1)


def test_one_wide_layer_against_several_narrow_ones():
    assert matching_width(301, hidden_layers=1) == 100  # 3 · 100 + 1
    assert matching_width(301, hidden_layers=4) == 9  # 2·9 + 3·90 + 10 = 298


def test_bad_arguments():
    with pytest.raises(ParameterError, match=r"expected two or more layer sizes ≥ 1, got \[4\]"):
        count_parameters([4])
    with pytest.raises(ParameterError, match=r"got \[4, 0\]"):
        count_parameters([4, 0])
    with pytest.raises(ParameterError, match="expected hidden_layers ≥ 1, got 0"):
        matching_width(100, hidden_layers=0)
    with pytest.raises(ParameterError, match="expected n_parameters ≥ 4, got 3"):
        matching_width(3, hidden_layers=1)
