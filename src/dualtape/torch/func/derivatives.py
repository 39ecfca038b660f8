"""`grad`, `vjp`, `jvp`, `jacrev`, `jacfwd`, `hessian`, `linearize`: the transformations, with PyTorch's arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ... import transforms
from ...core import modes
from ...core.tensor import Tensor as CoreTensor
from ...transforms import tree
from ...transforms.forward import dual, forward_level, split, zeros_like
from .._tensor import Tensor
from ..autograd.forward_ad import check_dual, forward_enabled
from . import checks
from .checks import Argnums

Function = Callable[..., Any]

_JVP = "jvp(f, primals, tangents)"
_VJP = "vjp(f, *primals)"


def wraps(func: Function) -> Callable[[Function], Function]:
    """Give a transformed function the name and documentation of the original (not its attributes)."""
    return functools.wraps(func, updated=())


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of `func` and its value.

    Args:
        func: Maps tensors (nested in tuples, lists or dicts) to a 0-d tensor.
        argnums: The position of the argument to differentiate by, or a tuple of positions.
        has_aux: `func` returns (0-d tensor, other tensors), which are passed on.

    Returns:
        A function of func's arguments that returns (gradient, value), or (gradient, (value, aux)). What it
        computes is differentiable with respect to whatever `func` closes over.

    Raises:
        RuntimeError: In the call: the output is not a real 0-d tensor, or `argnums` is out of range.
        ValueError: In the call: an argument to differentiate by holds something else than tensors.
    """

    def checked(*args: Any, **kwargs: Any) -> Any:
        out = func(*args, **kwargs)
        if not has_aux:
            return checks.scalar(out)
        out, aux = checks.pair(out, "grad_and_value(f)(*args)")
        return checks.scalar(out), aux

    both = transforms.value_and_grad(checked, argnums, has_aux=has_aux)

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        checks.differentiable(checks.chosen(args, argnums))
        value, grads = both(*args, **kwargs)
        return grads, value

    return run


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of `func`; arguments as for `grad_and_value`.

    Returns:
        A function of func's arguments that returns the gradient, or (gradient, aux).
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        grads, value = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return run


def differentiable_outputs(out: Any) -> None:
    """Raise unless all leaves of an output are tensors that can have derivatives.

    Raises:
        RuntimeError: One is not.
    """
    for t in checks.tensors(out, _VJP):
        if t.value.dtype.kind not in "fcV":
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with "
                f"dtype {t.dtype}"
            )


def checked_vjp(func: Function, has_aux: bool) -> Function:
    """`func` with a look at what it returns."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        out = func(*args, **kwargs)
        if has_aux:
            out = checks.pair(out, _VJP)
        differentiable_outputs(out[0] if has_aux else out)
        return out

    return checked


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return `func(*primals)` and the function that pulls cotangents back through it.

    Args:
        func: Maps tensors (nested in tuples, lists or dicts) to such.
        primals: Its arguments.
        has_aux: `func` returns (output, other tensors); these come back third.

    Returns:
        The output, and a function that maps a cotangent of the output's structure to a tuple of one for
        each primal. It may be called any number of times.

    Raises:
        RuntimeError: An output is not a floating or complex tensor; or, in the call of the pullback, the
            cotangent does not fit.
        ValueError: A primal is not a tensor.
    """
    checks.differentiable(tree.leaves(primals))
    out, pull, *aux = transforms.vjp(checked_vjp(func, has_aux), *primals, has_aux=has_aux)
    flat, structure = tree.flatten(out)

    def pullback(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> Any:
        given = tree.flatten(cotangents)
        if given[1] != structure:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {given[1]}, primal output: {structure}"
            )
        for number, (ct, o) in enumerate(zip(given[0], flat, strict=True)):
            if tuple(ct.shape) != tuple(o.shape):
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{number}] has a shape of {ct.shape} and output[{number}] "
                    f"has a shape of {o.shape}."
                )
            if ct.dtype != o.dtype and (ct.is_complex() or o.is_complex()):
                raise RuntimeError(
                    "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                    f"dtype: grad_output[{number}] has a dtype of {ct.dtype} and output[{number}] has a dtype of {o.dtype}."
                )
        with modes.switched(on=modes.NO_GRAD if create_graph is False else 0):
            return pull(cotangents)

    return (out, pullback, *aux)


def jvp(
    func: Function,
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Return `func(*primals)` and its directional derivative along `tangents`, by forward mode.

    Args:
        func: Maps tensors (nested in tuples, lists or dicts) to such.
        primals, tangents: Tuples of one structure, of tensors of the same shapes.
        strict: Raise when an output does not depend on the primals.
        has_aux: `func` returns (output, other tensors); these come back third.

    Raises:
        RuntimeError: The tuples do not match, or an output is not a tensor.
        ValueError: A primal or tangent is not floating or complex.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{_JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    xs, structure = tree.flatten(primals)
    dots, other = tree.flatten(tangents)
    if structure != other:
        raise RuntimeError(
            f"{_JVP}: Expected primals and tangents to have the same python structure. For example, if primals "
            f"is a tuple of 3 tensors, tangents also must be. Got primals with structure {structure} and "
            f"tangents with structure {other}"
        )
    for values, what in ((xs, "primals"), (dots, "tangents")):
        if not values:
            raise RuntimeError(f"{_JVP}: Expected {what} to contain at least one Tensor.")
        for x in values:
            if not isinstance(x, Tensor):
                raise RuntimeError(
                    f"{_JVP}: Expected {what} to only contain Tensors, got {type(x)}"
                )
    for x, d in zip(xs, dots, strict=True):
        check_dual(x, d)
    with forward_level() as level, forward_enabled(True):
        duals = [dual(level, x, d) for x, d in zip(xs, dots, strict=True)]
        out = func(*structure.unflatten(duals))
        aux: tuple[Any, ...] = ()
        if has_aux:
            out, extra = checks.pair(out, _JVP)
            aux = (tree.map(lambda t: split(level, t)[0], extra),)
        checks.tensors(out, _JVP)
        flat, shape = tree.flatten(out)
        pairs = [split(level, t) for t in flat]
    if strict and any(d is None for _, d in pairs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is "
            "not allowed with strict=True."
        )
    slopes = [_zeros(p) if d is None else d for p, d in pairs]
    return (shape.unflatten([p for p, _ in pairs]), shape.unflatten(slopes), *aux)


def _zeros(t: CoreTensor) -> CoreTensor:
    return zeros_like(t)


def jacrev(
    func: Function,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Function:
    """Return the function that computes the Jacobian of `func` by reverse mode.

    Args:
        func: Maps tensors to tensors (nested in tuples, lists or dicts).
        argnums: The position of the argument to differentiate by, or a tuple of positions.
        has_aux: `func` returns (output, other tensors), which are passed on.
        chunk_size: How many rows to compute at once; None for all.
        _preallocate_and_copy: Accepted; how memory is used does not depend on it.

    Returns:
        A function of func's arguments. The structure of the argument is nested in that of the output; an
        entry has shape (*output shape, *argument shape).

    Raises:
        ValueError: `chunk_size` is not positive.
        RuntimeError: In the call: something is complex, or as `vjp`.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    inner = checked_vjp(func, has_aux)

    def checked(*args: Any) -> Any:
        out = inner(*args)
        checks.real("jacrev", out[0] if has_aux else out, "outputs")
        return out

    run_rows = transforms.jacrev(checked, argnums, has_aux=has_aux, chunk_size=chunk_size)

    @wraps(func)
    def run(*args: Any) -> Any:
        checks.real("jacrev", args, "inputs")
        checks.differentiable(checks.chosen(args, argnums))
        return run_rows(*args)

    return run


def jacfwd(
    func: Function, argnums: Argnums | None = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Function:
    """Return the function that computes the Jacobian of `func` by forward mode.

    Args:
        func, argnums, has_aux: As for `jacrev`; `argnums` may be None, for all arguments.
        randomness: What random operations in `func` do, as for `vmap`.

    Returns:
        As `jacrev`.

    Raises:
        RuntimeError: In the call: something is complex, or an output is not a tensor.
        ValueError: In the call: an argument is not floating.
    """

    def checked(*args: Any) -> Any:
        out = func(*args)
        if has_aux:
            out = checks.pair(out, _JVP)
        checks.tensors(out[0] if has_aux else out, _JVP)
        checks.real("jacfwd", out[0] if has_aux else out, "outputs")
        return out

    @wraps(func)
    def run(*args: Any) -> Any:
        checks.real("jacfwd", args, "inputs")
        which = tuple(range(len(args))) if argnums is None else argnums
        for x in checks.chosen(args, which):
            check_dual(x, x)
        columns = transforms.jacfwd(checked, which, has_aux=has_aux, randomness=randomness)
        with forward_enabled(True):
            return columns(*args)

    return run


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes second derivatives of `func`, forward over reverse.

    Args:
        func: Maps tensors to tensors.
        argnums: The position of the argument to differentiate by, or a tuple of positions.

    Returns:
        A function of func's arguments: `jacfwd(jacrev(func, argnums), argnums)`.
    """
    return jacfwd(jacrev(func, argnums), argnums)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Return `func(*primals)` and its derivative there, a linear function of tangents.

    Args:
        func: Maps tensors (nested in tuples, lists or dicts) to such.
        primals: Its arguments.

    Returns:
        The output, and a function of one tangent per primal that runs the remembered linear operations
        only.

    Raises:
        RuntimeError: An output is not a tensor; or, in the call, the tangents do not fit.
    """
    xs = tree.leaves(primals)
    for x in xs:
        if not isinstance(x, Tensor):
            raise RuntimeError(
                f"linearize: Expected primals to only contain Tensors, got {type(x)}"
            )
        check_dual(x, x)

    def checked(*args: Any) -> Any:
        out = func(*args)
        checks.tensors(out, "linearize(f, *primals)")
        return out

    with forward_enabled(True):
        out, push = transforms.linearize(checked, *primals)
    structure = tree.flatten(primals)[1]

    def jvp_fn(*tangents: Any) -> Any:
        dots, given = tree.flatten(tangents)
        if given != structure:
            raise RuntimeError(
                "Expected the tangents to have the same structure as the primals, got "
                f"{given} and {structure}"
            )
        for x, d in zip(xs, dots, strict=True):
            if tuple(x.shape) != tuple(d.shape):
                raise RuntimeError(
                    f"Expected tangent of shape {tuple(x.shape)}, as the primal's, got {tuple(d.shape)}"
                )
            if x.dtype != d.dtype:
                raise RuntimeError(
                    f"Expected tangent of dtype {x.dtype}, as the primal's, got {d.dtype}"
                )
        return push(*tangents)

    return out, jvp_fn
