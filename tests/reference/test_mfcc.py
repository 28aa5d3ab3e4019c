"""MFCC and deltas against SciPy and torchaudio; orthonormal, linear, invertible."""

import pytest
import scipy.fft
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.reference.mfcc import dct_matrix, deltas, mfcc, mfcc_to_log_mel
from utils.torchaudio_shim import import_torchaudio

torchaudio = import_torchaudio()
SINGLE = {torch.float32: 1e-5, torch.float64: 1e-12}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_coefficients", [1, 13, 40])
def test_coefficients_agree_with_scipy(dtype, n_coefficients):
    x = randn(2, 3, 40, 7, dtype=dtype)
    expected = scipy.fft.dct(x.numpy(), type=2, norm="ortho", axis=-2)[..., :n_coefficients, :]
    actual = mfcc(x, n_coefficients=n_coefficients)
    close(actual, torch.from_numpy(expected), tolerance=SINGLE[dtype])


def test_cosines_agree_with_torchaudio():
    expected = torchaudio.functional.create_dct(13, 64, norm="ortho").T
    close(dct_matrix(13, 64), expected.contiguous(), tolerance=1e-5)


def test_the_adjoint_is_the_way_back():
    x, upstream = randn(2, 20, 5), randn(2, 8, 5, seed=1)
    gradient = gradient_of(lambda x: upstream * mfcc(x, n_coefficients=8), x)
    close(mfcc_to_log_mel(upstream, n_mels=20), gradient)


@given(n_mels=st.integers(1, 30), seed=st.integers(0, 100), data=st.data())
def test_properties(n_mels, seed, data):
    n = data.draw(st.integers(1, n_mels))
    cosines = dct_matrix(n, n_mels, dtype=torch.float64)
    close(cosines @ cosines.T, torch.eye(n).double())
    x = randn(n_mels, 3, seed=seed)
    close(mfcc_to_log_mel(mfcc(x, n_coefficients=n_mels), n_mels=n_mels), x)
    kept = mfcc(x, n_coefficients=n)  # what was smoothed once stays as it is
    close(mfcc(mfcc_to_log_mel(kept, n_mels=n_mels), n_coefficients=n), kept)
    louder = mfcc(x + 2, n_coefficients=n) - kept  # a level moves the first only
    close(louder[1:], torch.zeros_like(louder[1:]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("width", "n_frames"), [(1, 5), (2, 9), (4, 9), (3, 2), (2, 1)])
def test_deltas_agree_with_torchaudio(dtype, width, n_frames):
    x = randn(2, 3, n_frames, dtype=dtype)
    expected = torchaudio.functional.compute_deltas(x, win_length=2 * width + 1)
    close(deltas(x, width=width), expected, tolerance=SINGLE[dtype])


def test_the_delta_of_a_line_is_its_slope():
    line = 3 * torch.arange(9.0).expand(2, 9) + 5
    close(deltas(line)[:, 2:-2], torch.full((2, 5), 3.0))


def test_bad_arguments():
    x = torch.zeros(4, 3)
    with pytest.raises(ParameterError, match="expected n_coefficients from 1 to 4, got 5"):
        mfcc(x, n_coefficients=5)
    with pytest.raises(ParameterError, match="expected n_coefficients from 1 to 4, got 0"):
        dct_matrix(0, 4)
    with pytest.raises(ParameterError, match="expected n_coefficients from 1 to 3, got 4"):
        mfcc_to_log_mel(x, n_mels=3)
    with pytest.raises(ParameterError, match=r"expected log_mel of shape .* got shape=\(3,\)"):
        mfcc(x[0])
    with pytest.raises(ParameterError, match="expected features of a floating-point dtype"):
        deltas(x.long())
    with pytest.raises(ParameterError, match="expected width ≥ 1, got 0"):
        deltas(x, width=0)
