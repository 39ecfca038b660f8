"""What `torch.func` says about arguments and results that do not fit."""

from __future__ import annotations

from typing import Any

from ...transforms import tree
from .._tensor import Tensor

Argnums = int | tuple[int, ...]


def places(argnums: Any, count: int) -> list[int]:
    """The positions that `argnums` names among `count` positional arguments.

    Raises:
        RuntimeError: It is neither an int nor a tuple of different ints, or out of range.
    """
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    several = argnums if isinstance(argnums, tuple) else (argnums,)
    found = []
    for n in several:
        if not isinstance(n, int):
            raise RuntimeError(f"argnum must be int, got: {type(n)}")
        if not -count <= n < count:
            raise RuntimeError(f"Got argnum={n}, but only {count} positional inputs")
        found.append(n % count)
    if not several:
        raise RuntimeError("argnums must be non-empty")
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def chosen(args: tuple[Any, ...], argnums: Any) -> list[Any]:
    """The leaves of the arguments that `argnums` names.

    Raises:
        RuntimeError: As `places`.
    """
    return tree.leaves([args[i] for i in places(argnums, len(args))])


def differentiable(leaves: list[Any]) -> None:
    """Raise for what cannot be an argument of a reverse-mode transformation.

    Raises:
        ValueError: Not a tensor.
        RuntimeError: Of integers or booleans.
    """
    for x in leaves:
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        if x.value.dtype.kind not in "fcV":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")


def real(what: str, values: Any, which: str) -> None:
    """Raise for a complex tensor among the inputs or outputs.

    Raises:
        RuntimeError: There is one.
    """
    for number, x in enumerate(tree.leaves(values)):
        if isinstance(x, Tensor) and x.value.dtype.kind == "c":
            raise RuntimeError(
                f"{what}: Expected all {which} to be real but received complex tensor at flattened "
                f"input idx: {number}"
            )


def pair(out: Any, what: str) -> tuple[Any, Any]:
    """What a function with `has_aux` returned.

    Raises:
        RuntimeError: Not a pair; or the second holds something that is no tensor.
    """
    if not isinstance(out, tuple) or len(out) != 2:
        raise RuntimeError(
            f"{what}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    if out[1] is None:
        raise RuntimeError(f"Expected tensors, got unsupported type {type(None)}")
    for x in tree.leaves(out[1]):
        if not isinstance(x, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
    return out


def tensors(out: Any, what: str, call: str = "*primals") -> list[Tensor]:
    """The leaves of an output, which must be tensors.

    Raises:
        RuntimeError: There are none, or one is something else.
    """
    leaves = tree.leaves(out)
    if not leaves:
        raise RuntimeError(
            f"{what}: Expected f to be a function that has non-empty output (got output = "
            f"{[None] if out is None else []})"
        )
    for x in leaves:
        if not isinstance(x, Tensor):
            raise RuntimeError(
                f"{what}: expected f({call}) to return only tensors, got unsupported type {type(x)}"
            )
    return leaves


def scalar(out: Any) -> Tensor:
    """The output of a function to be differentiated by `grad`.

    Raises:
        RuntimeError: Not a 0-d tensor, or a complex one.
    """
    what = "grad_and_value(f)(*args): Expected f(*args) to return a"
    if not isinstance(out, Tensor):
        raise RuntimeError(f"{what} Tensor, got {type(out)}")
    if out.shape != ():
        raise RuntimeError(
            f"{what} scalar Tensor, got tensor with {len(out.shape)} dims. Maybe you wanted to use the "
            "vjp or jacrev APIs instead?"
        )
    if out.value.dtype.kind == "c":
        raise RuntimeError(
            f"grad can be implicitly created only for real scalar outputs but got {out.dtype}"
        )
    return out
