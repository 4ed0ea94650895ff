"""Eigenvalues and eigenvectors of a small symmetric matrix, such as a Hessian."""

from __future__ import annotations

import math
from collections.abc import Sequence

Matrix = list[list[float]]
MAX_SWEEPS = 60


def symmetric_eigenvalues(matrix: Sequence[Sequence[float]]) -> tuple[list[float], Matrix]:
    """Return the eigenvalues, smallest first, and their eigenvectors of length 1, as rows.

    This is Jacobi's method. A rotation of two coordinates makes one entry off the diagonal 0, and
    sweeps over all entries go on until all of them vanish (Golub and Van Loan, Matrix Computations,
    section 8.5).

    >>> values, vectors = symmetric_eigenvalues([[2.0, 1.0], [1.0, 2.0]])
    >>> [round(x, 12) for x in values]
    [1.0, 3.0]
    """
    A, n = [list(map(float, row)) for row in matrix], len(matrix)
    V = [[float(i == j) for j in range(n)] for i in range(n)]  # rows turn into eigenvectors
    pairs = [(p, q) for p in range(n) for q in range(p + 1, n)]
    for _ in range(MAX_SWEEPS):
        large = max((abs(x) for row in A for x in row), default=0.0)
        if not any(abs(A[p][q]) > 1e-18 * large for p, q in pairs):
            break
        for p, q in pairs:
            if A[p][q]:
                angle = 0.5 * math.atan2(2 * A[p][q], A[p][p] - A[q][q])
                c, s = math.cos(angle), math.sin(angle)
                _rotate_rows(A, p, q, c, s)
                A = [list(column) for column in zip(*A, strict=True)]
                _rotate_rows(A, p, q, c, s)
                A[p][q] = A[q][p] = 0.0
                _rotate_rows(V, p, q, c, s)
    order = sorted(range(n), key=lambda i: A[i][i])
    return [A[i][i] for i in order], [V[i] for i in order]


def _rotate_rows(A: Matrix, p: int, q: int, c: float, s: float) -> None:
    pairs = list(zip(A[p], A[q], strict=True))
    A[p] = [c * x + s * y for x, y in pairs]
    A[q] = [c * y - s * x for x, y in pairs]
