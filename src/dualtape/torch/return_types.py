"""`torch.return_types`: the named tuples that functions with several results return."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..transforms import tree


class ReturnType(tuple[Any, ...]):
    """A tuple whose elements have names; prints as PyTorch's.

    Args:
        elements: As many as there are names.

    Raises:
        TypeError: Not a sequence, or of another length.
    """

    __slots__ = ()

    __match_args__: ClassVar[tuple[str, ...]] = ()
    n_fields: ClassVar[int] = 0
    n_sequence_fields: ClassVar[int] = 0
    n_unnamed_fields: ClassVar[int] = 0

    def __new__(cls, elements: Iterable[Any]) -> ReturnType:
        """Make one from a sequence."""
        try:
            self = tuple.__new__(cls, elements)
        except TypeError as error:
            raise TypeError("constructor requires a sequence") from error
        if len(self) != cls.n_fields:
            raise TypeError(
                f"torch.return_types.{cls.__name__}() takes a {cls.n_fields}-sequence "
                f"({len(self)}-sequence given)"
            )
        return self

    def __repr__(self) -> str:
        inside = ",\n".join(f"{n}={x!r}" for n, x in zip(self.__match_args__, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{inside})"

    def __reduce__(self) -> Any:
        return _rebuild, (type(self).__name__, tuple(self))


def _rebuild(name: str, elements: tuple[Any, ...]) -> Any:
    return globals()[name](elements)


def _element(number: int) -> property:
    return property(lambda self: self[number])


def _named(name: str, fields: str) -> Any:
    names = tuple(fields.split())
    body: dict[str, Any] = {n: _element(i) for i, n in enumerate(names)}
    body |= {
        "__slots__": (),
        "__match_args__": names,
        "__doc__": f"What `torch.{name.replace('linalg_', 'linalg.', 1)}` returns: {', '.join(names)}.",
        "__module__": __name__,
        "n_fields": len(names),
        "n_sequence_fields": len(names),
    }
    cls = type(name, (ReturnType,), body)
    tree.register(cls, lambda t: (tuple(t), None), lambda _, parts: cls(parts))
    return cls


aminmax = _named("aminmax", "min max")
cummax = _named("cummax", "values indices")
cummin = _named("cummin", "values indices")
frexp = _named("frexp", "mantissa exponent")
geqrf = _named("geqrf", "a tau")
histogram = _named("histogram", "hist bin_edges")
histogramdd = _named("histogramdd", "hist bin_edges")
kthvalue = _named("kthvalue", "values indices")
linalg_cholesky_ex = _named("linalg_cholesky_ex", "L info")
linalg_eig = _named("linalg_eig", "eigenvalues eigenvectors")
linalg_eigh = _named("linalg_eigh", "eigenvalues eigenvectors")
linalg_inv_ex = _named("linalg_inv_ex", "inverse info")
linalg_ldl_factor = _named("linalg_ldl_factor", "LD pivots")
linalg_ldl_factor_ex = _named("linalg_ldl_factor_ex", "LD pivots info")
linalg_lstsq = _named("linalg_lstsq", "solution residuals rank singular_values")
linalg_lu = _named("linalg_lu", "P L U")
linalg_lu_factor = _named("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _named("linalg_lu_factor_ex", "LU pivots info")
linalg_qr = _named("linalg_qr", "Q R")
linalg_slogdet = _named("linalg_slogdet", "sign logabsdet")
linalg_solve_ex = _named("linalg_solve_ex", "result info")
linalg_svd = _named("linalg_svd", "U S Vh")
lu_unpack = _named("lu_unpack", "P L U")
max = _named("max", "values indices")
median = _named("median", "values indices")
min = _named("min", "values indices")
mode = _named("mode", "values indices")
nanmedian = _named("nanmedian", "values indices")
qr = _named("qr", "Q R")
slogdet = _named("slogdet", "sign logabsdet")
sort = _named("sort", "values indices")
svd = _named("svd", "U S V")
topk = _named("topk", "values indices")
triangular_solve = _named("triangular_solve", "solution cloned_coefficient")
