"""Histograms and soft codes against plain NumPy counting; whole pipeline; order does not matter."""

import numpy as np
import pytest
import scipy.fft
import scipy.spatial
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.codebook import (
    bag_of_frames,
    codebook_histogram,
    learn_codebook,
    mfcc_frames,
    triangle_code,
)


@pytest.mark.parametrize("dtype", DTYPES)
def test_histogram_agrees_with_numpy(dtype):
    frames, codebook = randn(3, 20, 2, dtype=dtype), randn(6, 2, dtype=dtype, seed=1)
    expected = []
    for note in frames:
        _, nearest = scipy.spatial.KDTree(codebook.numpy()).query(note.numpy())
        expected.append(np.bincount(nearest, minlength=6) / 20)
    actual = codebook_histogram(frames, codebook)
    close(actual, torch.tensor(np.array(expected), dtype=dtype))
    close(codebook_histogram(frames[1], codebook), actual[1])


def test_the_whole_baseline_agrees_with_scipy():
    log_mel, codebook = randn(4, 1, 16, 10), randn(5, 6, seed=1)
    frames = scipy.fft.dct(log_mel[:, 0].numpy(), norm="ortho", axis=1)[:, :6].transpose(0, 2, 1)
    close(mfcc_frames(log_mel, n_coefficients=6), torch.from_numpy(frames))
    nearest = scipy.spatial.distance.cdist(frames.reshape(-1, 6), codebook).argmin(1)
    expected = np.stack([np.bincount(row, minlength=5) for row in nearest.reshape(4, 10)]) / 10
    close(bag_of_frames(log_mel, codebook), torch.from_numpy(expected))


def test_two_timbres_get_two_words():
    kinds = randn(2, 16)[[0, 1, 1, 0]]
    log_mel = kinds[:, None, :, None] + 0.01 * randn(4, 1, 16, 8, seed=1)
    words = learn_codebook(log_mel, 2, n_coefficients=8, generator=torch.Generator().manual_seed(0))
    assert words.shape == (2, 8)
    bags = bag_of_frames(log_mel, words)
    assert torch.equal(bags[0], bags[3])
    assert torch.equal(bags[1], bags[2])
    close(bags[0] + bags[1], torch.ones(2).double())
    assert set(bags.unique().tolist()) == {0.0, 1.0}


@given(seed=st.integers(0, 200), k=st.integers(1, 9))
def test_properties(seed, k):
    frames, codebook = randn(2, 12, 3, seed=seed), randn(k, 3, seed=seed + 1)
    bags = codebook_histogram(frames, codebook)
    close(bags.sum(1), torch.ones(2).double())
    assert torch.equal(codebook_histogram(frames.flip(1), codebook), bags)
    order = torch.randperm(k, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(codebook_histogram(frames, codebook[order]), bags[:, order])
    soft = triangle_code(frames[0], codebook)
    winners = torch.cdist(frames[0], codebook).argmin(1)
    if k > 1:
        assert torch.equal(soft.argmax(1), winners)


@pytest.mark.parametrize("dtype", DTYPES)
def test_triangle_code_agrees_with_scipy(dtype):
    points, codebook = randn(10, 3, dtype=dtype), randn(7, 3, dtype=dtype, seed=1)
    z = scipy.spatial.distance.cdist(points.double(), codebook.double())
    expected = torch.tensor(np.maximum(0, z.mean(1, keepdims=True) - z), dtype=dtype)
    close(triangle_code(points, codebook), expected, tolerance=1e-5)


def test_bad_arguments():
    codebook = torch.zeros(3, 2)
    with pytest.raises(ParameterError, match=r"expected frames of shape \(n_frames, n_features\)"):
        codebook_histogram(torch.zeros(2), codebook)
    with pytest.raises(ParameterError, match=r"expected frames of shape \(n_frames, n_features\)"):
        codebook_histogram(torch.zeros(2, 0, 2), codebook)
    with pytest.raises(ParameterError, match=r"expected centers of shape \(n, 4\)"):
        codebook_histogram(torch.zeros(5, 4), codebook)
    with pytest.raises(ParameterError, match=r"expected log_mel of shape \(n, channels, height"):
        bag_of_frames(torch.zeros(2, 8, 8), codebook)
    with pytest.raises(ParameterError, match=r"expected log_mel of one channel, got shape=\(1, 2"):
        mfcc_frames(torch.zeros(1, 2, 8, 8))
    with pytest.raises(ParameterError, match="expected k from 1 to 8, got 9"):
        learn_codebook(torch.zeros(1, 1, 16, 8), 9)
