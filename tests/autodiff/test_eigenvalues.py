"""Eigenvalues of small symmetric matrices, by rotations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradcli.autodiff.eigenvalues import SMALL, eigenvalues

matrices = st.integers(1, 6).flatmap(lambda n: arrays(float, (n, n), elements=st.floats(-1e3, 1e3)))


@given(matrices)
def test_they_are_those_of_numpy(matrix):
    """Within a few units of rounding of the largest."""
    symmetric = matrix + matrix.T
    found = eigenvalues(symmetric.tolist())
    largest = max(1e-300, float(np.abs(symmetric).max()))
    symmetric[np.abs(symmetric) < 1e-100 * largest] = 0.0  # beside which LAPACK loses digits of the others
    np.testing.assert_allclose(found, np.linalg.eigvalsh(symmetric), rtol=0, atol=4e-15 * len(found) * largest)
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("matrix", "wanted"),
    [
        ([[3.0]], [3.0]),
        ([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]),
        ([[0.0, 1.0], [1.0, 0.0]], [-1.0, 1.0]),
        ([[2.0, 0.0], [0.0, 1e-300]], [1e-300, 2.0]),
        ([[1e307, 1e307], [1e307, 1e307]], [0.0, 2e307]),
        ([[1e-310, 2e-310], [2e-310, 1e-310]], [-1e-310, 3e-310]),
    ],
)
def test_what_is_known(matrix, wanted):
    """Also of numbers whose squares leave the floats."""
    for found, one in zip(eigenvalues(matrix), wanted, strict=True):
        assert math.isclose(found, one, rel_tol=1e-14, abs_tol=1e-15 * max(map(max, matrix)))


def test_small_eigenvalues_of_a_definite_matrix_keep_their_digits():
    """A scaled Hilbert matrix: rotations are exact where a reduction to three diagonals is not."""
    from mpmath import mp

    scale = [10.0 ** (-2 * k) for k in range(5)]
    matrix = [[scale[i] * scale[j] / (i + j + 1) for j in range(5)] for i in range(5)]
    with mp.workdps(60):
        exact = sorted(map(float, mp.eigsy(mp.matrix(matrix), eigvals_only=True)))
    np.testing.assert_allclose(eigenvalues(matrix), exact, rtol=1e-10)


def test_larger_ones_are_left_to_numpy():
    matrix = np.diag(np.arange(SMALL + 1.0)) + 0.5
    np.testing.assert_allclose(eigenvalues(matrix.tolist()), np.linalg.eigvalsh(matrix), rtol=1e-13)
