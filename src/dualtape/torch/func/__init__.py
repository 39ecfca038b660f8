"""`torch.func`: transformations of functions. `jvp` and `vjp` so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ...core.missing import missing_attribute
from .._tensor import Tensor
from ..autograd import engine
from ..autograd.forward_ad import dual, forward_level, split


def _mapped(f: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_mapped(f, x) for x in tree])
    if isinstance(tree, (tuple, list)):
        return type(tree)([_mapped(f, x) for x in tree])
    if isinstance(tree, dict):
        return {k: _mapped(f, v) for k, v in tree.items()}
    return f(tree)


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Return `func(*primals)` and its directional derivative along `tangents`, by forward mode.

    Args:
        func: Maps tensors to tensors (nested in tuples, lists or dicts).
        primals, tangents: Tuples of tensors of matching shapes and dtypes.
        strict: Raise when an output does not depend on the inputs.
        has_aux: `func` returns (output, auxiliary); the auxiliary comes back third.

    Raises:
        RuntimeError: The tuples do not match.
    """
    if not isinstance(primals, tuple) or not primals:  # type: ignore[redundant-expr]
        raise RuntimeError(
            f"jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals). Got {type(primals)}"
        )
    if not isinstance(tangents, tuple) or len(tangents) != len(primals):  # type: ignore[redundant-expr]
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure."
        )
    with forward_level() as level:
        out = func(*[dual(level, p, t) for p, t in zip(primals, tangents, strict=True)])
        aux = None
        if has_aux:
            out, aux = out
            aux = _mapped(lambda t: split(level, t)[0], aux)

        def tangent(t: Any) -> Any:
            if not isinstance(t, Tensor):
                raise RuntimeError(
                    f"jvp(f, primals, tangents): Expected f to return only tensors, got unsupported type {type(t)}"
                )
            primal, dot = split(level, t)
            if dot is None:
                if strict:
                    raise RuntimeError(
                        "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is "
                        "not allowed with strict=True."
                    )
                return primal * 0
            return dot

        results = _mapped(lambda t: split(level, t)[0], out), _mapped(tangent, out)
    return (*results, aux) if has_aux else results


def vjp(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return `func(*primals)` and the function that maps a cotangent to the primals' cotangents."""
    leaves = tuple(p.detach().requires_grad_() for p in primals)
    out = func(*leaves)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return engine.grad(out, leaves, cotangent, retain_graph=True, materialize_grads=True)

    return _mapped(lambda t: t.detach(), out), pullback


__all__ = ["jvp", "vjp"]


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
