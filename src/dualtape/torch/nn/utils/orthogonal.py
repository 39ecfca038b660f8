"""Orthogonal weights as a parametrisation."""

from __future__ import annotations

from typing import Any

from ....core import modes
from ..._tensor import Tensor
from ...comparison import allclose
from ...decompositions import geqrf
from ...filled import eye
from ...joints import cat
from ...linalg import householder_product, matrix_exp, qr, solve
from ...type_info import finfo
from ..module import Module
from .parametrize import register_parametrization

MAPS = ("matrix_exp", "cayley", "householder")


def is_orthogonal(q: Tensor) -> bool:
    """Whether the columns of a square matrix are orthonormal, to rounding."""
    n = q.shape[-1]
    tolerance = 10.0 * n * finfo(q.dtype).eps
    return bool(allclose(q.mH @ q, eye(n, dtype=q.dtype), atol=tolerance))


def made_orthogonal(a: Tensor) -> Tensor:
    """The orthogonal factor of a matrix, the triangular one's diagonal made positive."""
    q, r = qr(a)
    return q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)  # type: ignore[no-any-return]


class _Orthogonal(Module):
    """Maps any matrix to one with orthonormal columns (or rows, if there are fewer).

    Args:
        map: One of `MAPS`: the exponential or the Cayley map of a skew matrix, or a product of reflections.
        use_trivialization: Whether the weight at the start is factored out, so that any can be assigned
            (Lezcano Casado, 2019).
    """

    def __init__(self, map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.map = map
        self.trivialized = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Any:
        """See the class."""
        n, k = x.shape[-2:]
        transposed = n < k
        if transposed:
            x, n, k = x.mT, k, n
        if self.map == "householder":
            a = x.tril(-1)
            tau = 2.0 / (1.0 + (a * a.conj()).sum(-2))
            q = householder_product(a, tau)
            q = q * x.diagonal(dim1=-2, dim2=-1).detach().int().to(q.dtype).unsqueeze(-2)
        else:
            x = x.tril()
            if n != k:
                x = cat([x, x.new_zeros(*x.shape[:-1], n - k)], -1)
            a = x - x.mH
            if self.map == "matrix_exp":
                q = matrix_exp(a)
            else:
                one = eye(n, dtype=a.dtype)
                q = solve(one - 0.5 * a, one + 0.5 * a)
            if n != k:
                q = q[..., :k]
        if self.trivialized and self.base is not None:
            q = self.base @ q
        return q.mT if transposed else q

    def right_inverse(self, value: Tensor) -> Tensor:
        """What gives `value`, which is made orthogonal if it is not.

        Raises:
            NotImplementedError: Without trivialisation, for the exponential and the Cayley map.
        """
        with modes.switched(on=modes.NO_GRAD):
            n, k = value.shape[-2:]
            q = value.mT if n < k else value
            n, k = max(n, k), min(n, k)
            if not self.trivialized:
                if self.map != "householder":
                    raise NotImplementedError(
                        "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                        "use_trivialization=False."
                    )
                a, tau = geqrf(q)
                signs = a.diagonal(dim1=-2, dim2=-1).sign_()
                signs[tau.eq(0)] *= -1  # no reflection there, where `forward` makes one
                return a.mT if value.shape[-2] < value.shape[-1] else a  # type: ignore[no-any-return]
            if n == k:
                q = q.clone() if is_orthogonal(q) else made_orthogonal(q)
            else:  # completed to a square one
                more = q.new_empty(*q.shape[:-2], n, n - k).normal_()
                q = made_orthogonal(cat([q, more], -1))
            self.base = q
            start = value * 0
            start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return start  # type: ignore[no-any-return]


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Parametrise a matrix so that its columns (its rows, if there are fewer) are orthonormal.

    Args:
        module: The module.
        name: The matrix's; it may be a batch.
        orthogonal_map: "matrix_exp" (by default for square and complex matrices), "cayley" or "householder" (by
            default for others).
        use_trivialization: Whether the matrix there is becomes part of the map, so that any can be assigned.

    Raises:
        ValueError: There is no such tensor, it is no matrix, or the map is unknown.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    if orthogonal_map == "householder" and weight.is_complex():
        raise ValueError("The householder parametrization does not support complex tensors.")
    own = _Orthogonal(orthogonal_map, use_trivialization)
    return register_parametrization(module, name, own, unsafe=True)
