"""`torch.linalg`, the older names and `torch.fft`: values and gradients against PyTorch, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt


def matrix(n: int = 3) -> Any:
    a = np.random.default_rng(3).normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


CASES = {
    "inv": lambda t, x: t.linalg.inv(x),
    "solve": lambda t, x: t.linalg.solve(x, x[:, :2]),
    "solve vector": lambda t, x: t.linalg.solve(x, x[0]),
    "solve right": lambda t, x: t.linalg.solve(x, x[:2], left=False),
    "solve_triangular": lambda t, x: t.linalg.solve_triangular(x, x[:, :1], upper=True),
    "cholesky": lambda t, x: t.linalg.cholesky(x),
    "cholesky upper": lambda t, x: t.cholesky(x, upper=True),
    "det": lambda t, x: x.det(),
    "slogdet": lambda t, x: t.linalg.slogdet(x).logabsdet,
    "logdet": lambda t, x: x.logdet(),
    "eigh": lambda t, x: t.linalg.eigh(x).eigenvalues,
    "eigvalsh": lambda t, x: t.linalg.eigvalsh(x),
    "svd": lambda t, x: t.linalg.svd(x).S,
    "svdvals": lambda t, x: t.linalg.svdvals(x[:, :2]),
    "qr": lambda t, x: t.linalg.qr(x).R,
    "pinv": lambda t, x: t.linalg.pinv(x[:, :2]),
    "matrix_exp": lambda t, x: t.matrix_exp(x / 10),
    "matrix_power": lambda t, x: x.matrix_power(3),
    "matrix_power -2": lambda t, x: t.linalg.matrix_power(x, -2),
    "multi_dot": lambda t, x: t.linalg.multi_dot([x[0], x, x, x[1]]),
    "norm": lambda t, x: t.linalg.norm(x),
    "norm nuc": lambda t, x: t.linalg.norm(x, "nuc"),
    "norm 1": lambda t, x: t.linalg.norm(x, 1),
    "norm -2": lambda t, x: t.linalg.norm(x, -2),
    "vector_norm 3": lambda t, x: t.linalg.vector_norm(x, 3, dim=1, keepdim=True),
    "matrix_norm": lambda t, x: t.linalg.matrix_norm(x, float("inf")),
    "cond": lambda t, x: t.linalg.cond(x),
    "lu": lambda t, x: t.linalg.lu(x).U,
    "lu_solve": lambda t, x: t.linalg.lu_solve(*t.linalg.lu_factor(x), x[:, :2]),
    "lstsq": lambda t, x: t.linalg.lstsq(x[:, :2], x[:, 2:]).solution,
    "cholesky_solve": lambda t, x: t.cholesky_solve(x[:, :1], t.linalg.cholesky(x)),
    "vecdot": lambda t, x: t.linalg.vecdot(x, x),
    "vander": lambda t, x: t.linalg.vander(x[0]),
    "tensorinv": lambda t, x: t.linalg.tensorinv(x.reshape(3, 3), ind=1),
    "rfft": lambda t, x: t.view_as_real(t.fft.rfft(x)),
    "irfft": lambda t, x: t.fft.irfft(t.complex(x, x)),
    "fft2 abs": lambda t, x: t.fft.fft2(x).abs(),
    "ifftn": lambda t, x: t.fft.ifftn(x, norm="ortho").real,
    "hfft": lambda t, x: t.fft.hfft(t.complex(x, 2 * x), n=4),
    "fftshift": lambda t, x: t.fft.fftshift(x),
    "imag": lambda t, x: (t.complex(x, x * x) ** 2).imag,
    "conj": lambda t, x: (t.complex(x, x).conj() * t.complex(x, 2 * x)).real,
}


def result(t: Any, f: Any) -> list[Any]:
    x = t.tensor(matrix(), dtype=t.float64).requires_grad_()
    y = f(t, x)
    weights = np.random.default_rng(9).normal(size=tuple(y.shape))
    (y * t.tensor(weights, dtype=t.float64)).sum().backward()
    return [y.detach().numpy(), x.grad.numpy()]


@pytest.mark.parametrize("name", CASES)
def test_against_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(result(dt, CASES[name]), result(torch, CASES[name]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_golden() -> None:
    a = dt.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    assert dt.linalg.inv(a).tolist() == [[0.5, 0.0], [0.0, 0.25]]
    a.det().backward()
    assert a.grad.tolist() == [[4.0, 0.0], [0.0, 2.0]]
    out = dt.linalg.slogdet(dt.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert out.sign.item() == -1.0
    assert type(dt.linalg.eigh(dt.eye(2))).__name__ == "linalg_eigh"


ERRORS = [
    (lambda t: t.linalg.inv(t.ones(2, 3)), RuntimeError, "linalg.inv: A must be batches of square matrices, but they are 2 by 3"),
    (lambda t: t.linalg.inv(t.ones(2)), RuntimeError, "linalg.inv: The input tensor A must have at least 2 dimensions"),
    (lambda t: t.linalg.inv(t.eye(2, dtype=t.int64)), RuntimeError, "Expected a floating point or complex tensor as input. Got Long"),
    (lambda t: t.linalg.inv(t.zeros(2, 2)), RuntimeError, "The diagonal element 1 is zero"),
    (lambda t: t.linalg.cholesky(-t.eye(2)), RuntimeError, "the input is not positive-definite"),
    (lambda t: t.linalg.solve(t.eye(2), t.ones(3, 1)), RuntimeError, "Incompatible shapes of A and B for the equation AX = B"),
    (lambda t: t.linalg.solve(t.eye(2), t.ones(2, 1, dtype=t.double)), RuntimeError, "A of type Float and B of type Double"),
    (lambda t: t.linalg.norm(t.ones(2, 2, 2), 2), RuntimeError, "If dim is not specified but ord is, the input must be 1D or 2D. Got 3D"),
    (lambda t: t.linalg.vector_norm(t.ones(2, dtype=t.int64)), RuntimeError, "Expected a floating point or complex tensor"),
    (lambda t: t.linalg.multi_dot([t.ones(2, 3)]), RuntimeError, "expected at least 2 tensors but got 1"),
    (lambda t: t.linalg.qr(t.eye(2), "x"), RuntimeError, "qr received unrecognized mode 'x'"),
    (lambda t: t.fft.rfft(t.ones(3, dtype=t.complex64)), RuntimeError, "rfft expects a real input tensor, but got ComplexFloat"),
    (lambda t: t.fft.fft(t.ones(3), 0), RuntimeError, r"Invalid number of data points \(0\) specified"),
    (lambda t: t.imag(t.ones(2)), RuntimeError, "imag is not implemented for tensors with non-complex dtypes"),
    (lambda t: t.view_as_complex(t.ones(3)), RuntimeError, "Tensor must have a last dimension of size 2"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(dt)


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_are_pytorchs(call: Any, error: type[Exception], message: str) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(error, match=message):
        call(torch)


def test_real_and_imag_are_views() -> None:
    z = dt.tensor([1 + 2j, 3 + 4j])
    z.real[0] = 9
    z.imag = dt.tensor([7.0, 8.0])
    assert z.tolist() == [9 + 7j, 3 + 8j]
