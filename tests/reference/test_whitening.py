"""Whitening against NumPy and scikit-learn; there and back; patches are what they were."""

import pytest
import scipy.linalg
import sklearn.decomposition
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.whitening import fit_whitening, spectrogram_patches, unwhiten, whiten


def mixed(n=50, seed=0, dtype=torch.float64):
    """Return points with correlated features and a mean."""
    return randn(n, 4, dtype=dtype, seed=seed) @ randn(4, 4, dtype=dtype, seed=seed + 1) + 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("eps", [0.0, 0.5])
def test_zca_agrees_with_scipy(dtype, eps):
    x = mixed(dtype=dtype)
    centered = (x - x.mean(0)).double().numpy()
    root = scipy.linalg.fractional_matrix_power(
        centered.T @ centered / 50 + eps * torch.eye(4).numpy(), -0.5
    )
    expected = torch.tensor(centered @ root, dtype=dtype)
    tolerance = {torch.float32: 2e-3, torch.float64: 1e-9}[dtype]
    close(whiten(x, fit_whitening(x, eps=eps)), expected, tolerance=tolerance)


@pytest.mark.parametrize("n_components", [None, 2])
def test_pca_agrees_with_scikit_learn(n_components):
    x = mixed()
    theirs = sklearn.decomposition.PCA(n_components, whiten=True).fit(x.numpy())
    y = torch.from_numpy(theirs.transform(x.numpy())) * (50 / 49) ** 0.5  # they divide by n - 1
    whitening = fit_whitening(x, kind="pca", eps=0, n_components=n_components)
    ours = whiten(x, whitening)
    signs = (ours * y).sum(0).sign()
    close(ours, y * signs, tolerance=1e-9)
    back = torch.from_numpy(theirs.inverse_transform(theirs.transform(x.numpy())))
    close(unwhiten(ours, whitening), back, tolerance=1e-9)
    zca = fit_whitening(x, kind="zca", eps=0.3, n_components=n_components)
    close(unwhiten(whiten(x, zca), zca), back, tolerance=1e-9)


@given(seed=st.integers(0, 200), kind=st.sampled_from(["zca", "pca"]), eps=st.floats(0, 1))
def test_there_and_back(seed, kind, eps):
    x = mixed(seed=seed)
    whitening = fit_whitening(x, kind=kind, eps=eps)
    close(unwhiten(whiten(x, whitening), whitening), x, tolerance=1e-9)
    y = whiten(x, fit_whitening(x, kind=kind, eps=0))
    close(y.T @ y / len(y), torch.eye(4).double(), tolerance=1e-6)


def test_zca_stays_closest_to_the_features():
    x = mixed()
    zca, pca = (whiten(x, fit_whitening(x, kind=kind, eps=0)) for kind in ("zca", "pca"))
    assert ((x - x.mean(0) - zca) ** 2).sum() < ((x - x.mean(0) - pca) ** 2).sum()
    close(fit_whitening(x).forward, fit_whitening(x).forward.T, tolerance=1e-9)


@pytest.mark.parametrize("kind", ["zca", "pca"])
def test_a_constant_feature_is_no_problem(kind):
    x = mixed()
    x[:, 2] = 7
    whitening = fit_whitening(x, kind=kind)
    close(unwhiten(whiten(x, whitening), whitening), x, tolerance=1e-6)


def test_patches_are_pieces_of_the_spectrogram():
    log_mel = randn(2, 1, 5, 9)
    points = spectrogram_patches(log_mel, n_frames=4, stride=2)
    assert points.shape == (2, 3, 20)
    for note in range(2):
        for s in range(3):
            expected = log_mel[note, 0, :, 2 * s : 2 * s + 4]
            close(points[note, s].reshape(5, 4), expected)
    frames = spectrogram_patches(log_mel, n_frames=1)
    close(frames, log_mel[:, 0].transpose(1, 2))


def test_bad_arguments():
    x = mixed()
    with pytest.raises(ParameterError, match="expected kind 'zca' or 'pca'"):
        fit_whitening(x, kind="none")
    with pytest.raises(ParameterError, match="n_components from 1 to 4, got 'zca' and 5"):
        fit_whitening(x, n_components=5)
    with pytest.raises(ParameterError, match=r"expected eps ≥ 0, got -1"):
        fit_whitening(x, eps=-1)
    with pytest.raises(ParameterError, match="expected n_points ≥ 2, got 1"):
        fit_whitening(x[:1])
    whitening = fit_whitening(x, kind="pca", n_components=2)
    with pytest.raises(ParameterError, match=r"expected points of shape \(n, 4\)"):
        whiten(x[:, :2], whitening)
    with pytest.raises(ParameterError, match=r"expected whitened of shape \(n, 2\)"):
        unwhiten(x, whitening)
    with pytest.raises(ParameterError, match=r"expected images of at least 5 × 10"):
        spectrogram_patches(torch.zeros(1, 1, 5, 9), n_frames=10)
