"""`custom_rule`: a function whose derivative the user writes, in one mode; the other is derived from it.

The function becomes a `core.custom.Call`: to the engine it is a primitive. This file says how it is run
and derived; `rule_check` holds the rule against the function.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any

import numpy as np

from ..core import modes
from ..core.boxes import Box, open_trace
from ..core.custom import Call, node_class
from ..core.errors import RuleError, TransformError
from ..core.primitive import camel
from ..core.tensor import Tensor
from . import tree
from .arguments import name_of
from .custom_rules import Operation
from .examples import example
from .rule_check import verify
from .surface import inner, lift


def is_operand(leaf: Any) -> bool:
    """Whether a leaf of an argument is an operand; a Python int or bool is a setting."""
    return isinstance(leaf, (Tensor, np.ndarray, np.generic, float, complex, Box))


class CustomRule:
    """A function with a derivative of its own. Made by `custom_rule`; called like the function.

    Attributes:
        f: The function.
        nondiff: Positions of the arguments that are passed on as they are.
        checked: Whether the rule has been held against the function (or is not to be).
    """

    def __init__(
        self, f: Callable[..., Any], nondiff_argnums: Sequence[int], check: Any, by_slices: bool
    ) -> None:
        if not callable(f):
            raise TypeError(f"custom_rule: expected a function, got {type(f).__name__}")
        functools.update_wrapper(self, f)
        self.f = f
        self.name = name_of(f)
        self.nondiff = tuple(sorted(nondiff_argnums))
        self.by_slices = by_slices
        self.example = tuple(check) if isinstance(check, (tuple, list)) else None
        self.checked = check is False
        self.like_first = (
            False  # whether the output is like the first operand, for tracing a black box
        )
        self.jvp: Callable[..., Any] | None = None
        self.fwd: Callable[..., Any] | None = None
        self.bwd: Callable[..., Any] | None = None
        self.simple_jvp: Callable[..., Any] | None = None
        self.simple_vjp: Callable[..., Any] | None = None
        self.node_class = node_class(f"{camel(self.name)}Backward")
        self.signature: inspect.Signature | None = None  # as for built-in functions without one
        if not isinstance(f, np.ufunc):  # whose `out` and `where` are no arguments of the rule
            with suppress(TypeError, ValueError):
                self.signature = inspect.signature(f, follow_wrapped=False)
        parameters = () if self.signature is None else self.signature.parameters.values()
        self.arity = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule for forward mode.

        Args:
            rule: Maps (*nondiff arguments, primals, tangents), the last two tuples with an entry per
                other argument, to (output, its tangent), linear in the tangents.

        Returns:
            The rule, so that this can be used as a decorator.

        Raises:
            RuleError: There are example arguments, and the rule disagrees with the function.
        """
        self.jvp = rule
        self._check_example()
        return rule

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Give the rule for reverse mode, in two parts.

        Args:
            fwd: Maps the function's arguments to (output, anything that `bwd` needs).
            bwd: Maps (*nondiff arguments, that, cotangent) to a tuple with a cotangent per other
                argument; None for zero.

        Raises:
            RuleError: There are example arguments, and the rule disagrees with the function.
        """
        self.fwd, self.bwd = fwd, bwd
        self._check_example()

    def _simple(self, jvp: Callable[..., Any] | None, vjp: Callable[..., Any] | None) -> None:
        self.simple_jvp, self.simple_vjp = jvp, vjp
        if vjp is not None:
            self.fwd = self._simple_fwd
            self.bwd = self._simple_bwd
        if jvp is not None or vjp is not None:
            self._check_example()

    def _simple_fwd(self, *args: Any) -> Any:
        out = self.f(*args)
        return out, (out, self._split(args)[1])

    def _simple_bwd(self, *args: Any) -> Any:
        *_, (out, others), ct = args
        assert self.simple_vjp is not None
        return self.simple_vjp(out, self.merged(args[:-2], others), ct)

    def _check_example(self) -> None:
        if self.example is not None and not self.checked:
            args = self._positional(self.example, {})
            operation, tensors = self._operation(args, residuals=False)
            operation.run([inner(t) for t in tensors])

    def check(self, operation: Operation, values: Any) -> None:
        """Hold the rules against the function at a call; see `verify`. What fails is checked again at the next call."""
        self.checked = True  # while it is being checked, it is called
        try:
            self.checked = verify(operation, values)
        except BaseException as error:
            self.checked = False
            if not isinstance(error, RuleError):
                error.add_note(
                    f"in a rule of custom_rule {self.name}, which is held against the function at its first differentiated "
                    "call; check=False leaves that out"
                )
            raise

    def _check_inside(self, args: tuple[Any, ...], tensors: list[Tensor]) -> None:
        """Check on numbers for operands that have none themselves: of the first example, or of the call being traced."""
        values = example(tensors)
        if values is None:
            return
        operation, _ = self._operation(args, residuals=False)
        try:  # outside of all transformations
            Context().run(self.check, operation, values)
        except TransformError:
            return  # it closes over values without numbers, and is checked at another call

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        if not kwargs and len(args) >= self.arity:
            return args
        if self.signature is None:
            raise TypeError(f"{self.name}: give the arguments by position")
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if set(bound.kwargs) & set(kwargs):
            raise TypeError(
                f"custom_rule {self.name}: keyword-only arguments are not supported; close over them"
            )
        return bound.args

    def _split(self, args: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The arguments in `nondiff_argnums` and the others."""
        return (
            tuple([args[i] for i in self.nondiff if i < len(args)]),
            tuple([a for i, a in enumerate(args) if i not in self.nondiff]),
        )

    def merged(self, settings: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
        """The reverse of taking `nondiff_argnums` out."""
        fixed, rest = iter(settings), iter(others)
        total = len(settings) + len(others)
        return tuple([next(fixed) if i in self.nondiff else next(rest) for i in range(total)])

    def _operation(self, args: tuple[Any, ...], residuals: bool) -> tuple[Operation, list[Any]]:
        settings, others = self._split(args)
        leaves, structure = tree.flatten(others)
        places = [i for i, leaf in enumerate(leaves) if is_operand(leaf)]
        tensors = [lift(leaves[i]) for i in places]
        classes = [type(t).result_class for t in tensors]
        for i in places:
            leaves[i] = None
        operation = Operation(self, settings, structure, leaves, places, classes, residuals)
        return operation, tensors

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if self.jvp is None and self.simple_jvp is None and self.bwd is None:
            raise TypeError(
                f"custom_rule {self.name} has no rule yet: give it one with defjvp or defvjp"
            )
        args = self._positional(args, kwargs)
        mode = modes.current()
        operation, tensors = self._operation(args, residuals=False)
        edges = [t.current_edge() for t in tensors]
        levels = [e.level for e in edges if e is not None]
        boxed = [t.value.interpreter.level for t in tensors if isinstance(t.value, Box)]
        recording = bool(levels) and not mode & modes.NO_GRAD
        if not recording and not boxed and open_trace.get() is None:
            return self.f(*args)
        if not self.checked and (boxed or open_trace.get() is not None):
            self._check_inside(args, tensors)
        # Residuals are outputs where the innermost thing to know about the call is a recording.
        operation.residuals = (
            recording and self.bwd is not None and max(levels) >= max(boxed, default=0)
        )
        outs = Call(operation, len(tensors))(*tensors)
        return operation.returned(outs)


def custom_rule(
    f: Callable[..., Any] | None = None,
    *,
    jvp: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    nondiff_argnums: Sequence[int] = (),
    check: Any = True,
    by_slices: bool = False,
) -> Any:
    """Give a function a derivative written by hand, for one mode or both.

    Args:
        f: Maps arrays (nested in tuples, lists, dicts, dataclasses) to such. It must not close over values that
            are differentiated. Left out, the result is a decorator.
        jvp: Maps (output, arguments, tangents) to the output's tangent; linear in the tangents. The
            method `defjvp` takes the rule in JAX's form.
        vjp: Maps (output, arguments, cotangent) to a tuple with a cotangent (None for zero) per
            argument; linear in the cotangent. The method `defvjp` takes it in two parts, for
            residuals that are dear to compute.
        nondiff_argnums: Positions of arguments that are settings; rules get no tangent for them.
        check: Hold the rule against finite differences, and the two rules against each other: True,
            at the first differentiated call (some six runs of `f` per argument): under `vmap` on the first example, under
            `jit` on the numbers of the call that is traced, in the body of a compiled loop not yet;
            a tuple of arguments, on these, as soon as the rule is given; False, never, which is for
            rules that differ from the derivative on purpose.
        by_slices: Under vmap, run `f` example by example, because it does not work on boxes.

    Returns:
        A `CustomRule`, called like `f`. Only one rule is needed: the other mode is its transpose. Rules
        written with dualtape's or NumPy's functions are differentiated in turn, to any order.

    Raises:
        RuleError: A rule disagrees with `f` or with the other rule; which argument, and the numbers.
        TypeError: `f` is not callable.

    >>> import numpy as np, dualtape as dt
    >>> cube = dt.custom_rule(lambda x: x**3, jvp=lambda out, args, dots: 3 * args[0] ** 2 * dots[0])
    >>> float(dt.grad(cube)(2.0)), float(dt.grad(dt.grad(cube))(2.0))
    (12.0, 12.0)
    """
    if f is None:
        return functools.partial(
            custom_rule,
            jvp=jvp,
            vjp=vjp,
            nondiff_argnums=nondiff_argnums,
            check=check,
            by_slices=by_slices,
        )
    rule = CustomRule(f, nondiff_argnums, check, by_slices)
    rule._simple(jvp, vjp)
    return rule
