"""Structured control flow: `cond`, `while_loop`, `fori_loop`, `scan`.

Eagerly the Python functions are simply called, and what they do is recorded as ever: derivatives follow the
branch taken and the steps made. What is special is vmap, where examples disagree: see `masking`. While a
function is traced, bodies are traced once, and a loop is one operation of the program: see `loops`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import aval_of
from ..core.errors import DtypeError, ShapeError, StructureError, TransformError
from ..core.lengths import whole
from ..core.tensor import Tensor
from ..core.vocabulary import vocabulary
from ..ops.arithmetic import add
from ..ops.compare import logical_and, logical_not, lt
from ..ops.joining import unbind
from . import loops, tree
from .masking import Carried, Predicate, is_weak, numbers, paths, predicate, safe, selected
from .surface import lift, lower, output


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any
) -> Any:
    """Return `true_fun(*operands)` if `pred` holds, else `false_fun(*operands)`.

    Args:
        pred: A boolean scalar (a number holds unless it is zero).
        true_fun, false_fun: The branches. Under vmap, where examples differ, they must return trees of
            the same structure, shapes and dtypes.
        operands: Arguments of both.

    Returns:
        The branch's result. Only that branch runs, unless `pred` differs among the examples of a batch:
        then both run and the result is selected, with derivatives of the taken branch only.

    Raises:
        ShapeError: `pred` is not a scalar; or the branches' results differ, where both run.
        StructureError, DtypeError: The branches' results differ, where both run.

    >>> import numpy as np, dualtape as dt
    >>> f = lambda x: dt.cond(x > 0, np.sqrt, lambda x: 0 * x, x)
    >>> dt.vmap(dt.grad(f))(np.array([4.0, -1.0]))
    array([0.25, 0.  ])
    """
    if loops.is_traced(pred):
        index = loops.truth(pred, "cond")
        ways = (lambda: false_fun(*operands), lambda: true_fun(*operands))
        return loops.cond(index, ways, "cond", ("false_fun", "true_fun"))
    chosen = predicate(pred, "cond")
    if chosen.truth.all():
        return true_fun(*operands)
    if not chosen.truth.any():
        return false_fun(*operands)
    other = negated(chosen)
    results = []
    for branch, wanted in ((true_fun, chosen), (false_fun, other)):
        results.append(branch(*tree.map(lambda x, w=wanted: safe(x, w), operands)))
    leaves, structure = tree.flatten(results[0])
    others = tree.matched(
        structure, results[1], "cond: the branches must return the same structure"
    )
    places = paths(structure)
    for i, (a, b) in enumerate(zip(leaves, others, strict=True)):
        leaves[i], others[i] = _alike(output(a, "cond"), output(b, "cond"), a, b, places[i])
    return structure.unflatten(selected(chosen, leaves, others))


def _alike(a: Tensor, b: Tensor, x: Any, y: Any, place: str) -> tuple[Tensor, Tensor]:
    """The results of two branches, Python numbers with the dtype of the other.

    Raises:
        ShapeError, DtypeError: They differ.
    """
    if a.value.dtype != b.value.dtype:
        if is_weak(x) and np.can_cast(type(x), b.value.dtype, "same_kind"):
            a = vocabulary.cast(a, b.value.dtype)
        elif is_weak(y) and np.can_cast(type(y), a.value.dtype, "same_kind"):
            b = vocabulary.cast(b, a.value.dtype)
    have, want = aval_of(b), aval_of(a)
    if have != want:
        kind = ShapeError if have.shape != want.shape else DtypeError
        raise kind(
            "cond: the predicate differs from example to example, so both branches ran, and their results must "
            f"be alike\n  true_fun returned {want}{place and ' at ' + place}\n  false_fun returned {have}"
        )
    return a, b


def negated(chosen: Predicate) -> Predicate:
    """The opposite."""
    t = lift(logical_not(chosen.tensor))
    return Predicate(t, np.logical_not(chosen.truth), chosen.levels)


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """Apply `body_fun` to a value as long as `cond_fun` of it holds.

    Args:
        cond_fun: Maps the value to a boolean scalar.
        body_fun: Maps the value to the next one, of the same structure, shapes and dtypes.
        init: The first value, a tree of arrays.

    Returns:
        The last value. Under vmap the loop goes on until all examples are done; those that are keep their
        value and get no derivative from further steps.

    Raises:
        StructureError, ShapeError, DtypeError: The body returns something of another type, or the
            predicate is not a scalar.

    Derivatives of both modes go through the steps that were made.

    >>> import numpy as np, dualtape as dt
    >>> f = lambda x: dt.while_loop(lambda y: y < 100, lambda y: y * y, x)
    >>> float(f(2.0)), float(dt.grad(f)(2.0))
    (256.0, 1024.0)
    """
    if loops.wanted() or loops.is_traced(*tree.leaves(init)):
        return loops.while_loop(cond_fun, body_fun, init)
    carried = Carried(init, "while_loop")
    leaves = carried.leaves
    active: Predicate | None = None  # which examples go on; None for all
    while True:
        value = carried.structure.unflatten(leaves)
        found = predicate(cond_fun(value), "while_loop")
        if found.levels:
            active = found if active is None else both(active, found)
        elif not found.truth:
            break
        if active is None or active.truth.all():
            leaves = carried.after(body_fun(value))
        elif active.truth.any():
            given = [safe(x, active) for x in leaves]
            new = carried.after(body_fun(carried.structure.unflatten(given)))
            leaves = selected(active, new, leaves)
        else:
            break
    return carried.returned(leaves)


def both(a: Predicate, b: Predicate) -> Predicate:
    """Where two predicates hold."""
    t = lift(logical_and(a.tensor, b.tensor))
    truth, levels = numbers(t, "while_loop")
    return Predicate(t, truth, levels)


def fori_loop(lower_: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init: Any) -> Any:
    """Apply `body_fun(i, value)` for each integer i from `lower_` up to, not including, `upper`.

    Args:
        lower_: The first index.
        upper: The end. Both are integers; under vmap they may differ from example to example.
        body_fun: Maps an index and the value to the next value, of the same structure, shapes and dtypes.
        init: The first value, a tree of arrays.

    Returns:
        The last value; `init` where there is no step to make.

    Raises:
        TypeError: A bound is not an integer.
        StructureError, ShapeError, DtypeError: The body returns something of another type.

    >>> import dualtape as dt
    >>> float(dt.grad(lambda x: dt.fori_loop(0, 3, lambda i, y: x * y + i, 1.0))(2.0))
    13.0
    """
    ends = []
    for x in (lower_, upper):
        t = output(x, "fori_loop")
        if t.value.dtype.kind not in "iu" or tuple(t.shape) != ():
            raise TypeError(
                f"fori_loop: the bounds must be integers, got {aval_of(t)}: convert them, or use while_loop"
            )
        ends.append((0, [0]) if loops.is_traced(t) else numbers(t, "fori_loop"))
    if not ends[0][1] and not ends[1][1]:
        if loops.wanted():
            try:
                return _traced_fori(int(ends[0][0]), int(ends[1][0]), body_fun, init)
            except (
                TransformError,
                DtypeError,
            ):  # it needs the number, or something else that is new at each step
                if int(ends[1][0]) - int(ends[0][0]) > MOST_UNROLLED:
                    raise
        carried = Carried(init, "fori_loop")
        leaves = carried.leaves
        for i in range(int(ends[0][0]), int(ends[1][0])):
            leaves = carried.after(body_fun(i, carried.structure.unflatten(leaves)))
        return carried.returned(leaves)
    end = lift(upper)
    one = np.ones((), end.value.dtype)

    def step(state: tuple[Any, Any]) -> tuple[Any, Any]:
        return lift(add(lift(state[0]), one)), body_fun(state[0], state[1])

    start = lift(vocabulary.cast(lift(lower_), end.value.dtype))
    return while_loop(lambda state: lift(lt(lift(state[0]), end)), step, (start, init))[1]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Thread a value through the elements of arrays, and stack what comes out on the way.

    Args:
        f: Maps (value, element) to (next value, output). The next value is like the first in
            structure, shapes and dtypes; the element is a tree like `xs` without its arrays' first axis.
        init: The first value, a tree of arrays.
        xs: A tree of arrays with first axes of one length; None for none.
        length: That length; needed when there are no arrays in `xs`.
        reverse: Go from the last element to the first; outputs stand where their elements do.

    Returns:
        The last value, and the outputs, each stacked along a new first axis.

    Raises:
        ShapeError: The lengths differ, or nothing says how long; or a value or output changes shape.
        StructureError, DtypeError: A value or output changes its structure or dtype.
        TypeError: `f` returned no pair.

    >>> import numpy as np, dualtape as dt
    >>> total, sums = dt.scan(lambda s, x: (s + x, s + x), 0.0, np.array([1.0, 2.0, 3.0]))
    >>> float(total), sums
    (6.0, array([1., 3., 6.]))
    """
    leaves, structure = tree.flatten(xs)
    columns = [output(x, "scan") for x in leaves]
    n = _length(columns, length)
    if loops.wanted() or loops.is_traced(*columns, *tree.leaves(init)):
        try:
            return _traced_scan(f, init, xs, columns, n, reverse)
        except (TransformError, DtypeError):
            if n > MOST_UNROLLED:
                raise
    rows = [unbind(t) if n else () for t in columns]
    carried = Carried(init, "scan")
    state = carried.leaves
    shape: tree.Structure | None = None
    stacked: list[list[Any]] = []
    for i in reversed(range(n)) if reverse else range(n):
        x = structure.unflatten([lower(r[i]) for r in rows]) if leaves else xs
        state, out = _step(f, carried, state, x)
        if shape is None:
            outs, shape = tree.flatten(out)
            stacked = [[] for _ in outs]
        else:
            outs = tree.matched(shape, out, "scan: outputs of different steps")
        for column, o in zip(stacked, outs, strict=True):
            column.append(output(o, "scan"))
    if shape is None:  # no step: one on zeros tells what the outputs are like
        blank = [np.zeros(tuple(t.shape)[1:], t.value.dtype) for t in columns]
        x = structure.unflatten(blank) if leaves else xs
        outs, shape = tree.flatten(_step(f, carried, state, x)[1])
        avals = [aval_of(output(o, "scan")) for o in outs]
        return carried.returned(state), shape.unflatten(
            [np.zeros((0, *a.shape), a.dtype) for a in avals]
        )
    results = [_stack(c[::-1] if reverse else c) for c in stacked]
    return carried.returned(state), shape.unflatten([lower(r) for r in results])


MOST_UNROLLED = 256
"""How many steps of a loop are traced one by one where its body cannot be traced once for all."""


def _traced_fori(start: int, end: int, body_fun: Callable[[Any, Any], Any], init: Any) -> Any:
    carried = loops.Traveller(init, "fori_loop")

    def step(value: Any, elements: list[Tensor]) -> tuple[list[Any], list[Any]]:
        return carried.after(body_fun(elements[0], value)), []

    outs, _ = loops.counted("fori_loop", start, max(end - start, 0), step, carried, [])
    return carried.results(outs)


def _traced_scan(
    f: Callable[[Any, Any], Any], init: Any, xs: Any, columns: list[Tensor], n: int, reverse: bool
) -> tuple[Any, Any]:
    carried = loops.Traveller(init, "scan")
    structure = tree.flatten(xs)[1]
    shapes: list[tree.Structure] = []

    def step(value: Any, elements: list[Tensor]) -> tuple[list[Any], list[Any]]:
        leaves = tree.leaves(value)
        x = structure.unflatten(elements) if columns else xs
        state, out = _step(f, carried, leaves, x)
        outs, shape = tree.flatten(out)
        shapes[:] = [shape]
        return state, [output(o, "scan") for o in outs]

    outs, stacks = loops.counted("scan", None, n, step, carried, columns, reverse)
    return carried.results(outs), shapes[0].unflatten(stacks)


def _length(columns: list[Tensor], length: int | None) -> int:
    found = [] if length is None else [whole(length)]
    for t in columns:
        if not tuple(t.shape):
            raise ShapeError("scan: an array of xs has no axis to go along: it is a scalar")
        if not any(t.shape[0] == n for n in found):
            found.append(t.shape[0])
    if not found:
        raise ShapeError("scan: give xs or length, or nothing says how many steps to make")
    if len(found) > 1:
        raise ShapeError(
            f"scan: the first axes of xs{'' if length is None else ' and length'} must agree, got "
            f"{', '.join(map(str, sorted(found)))}"
        )
    return whole(found[0])  # type: ignore[no-any-return]


def _step(f: Any, carried: Carried, state: list[Any], x: Any) -> tuple[list[Any], Any]:
    pair = f(carried.structure.unflatten(state), x)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise StructureError(
            f"scan: the function must return (value, output), got {type(pair).__name__}"
        )
    return carried.after(pair[0]), pair[1]


def _stack(column: list[Tensor]) -> Tensor:
    first = aval_of(column[0])
    for i, t in enumerate(column):
        have = aval_of(t)
        if have != first:
            kind = ShapeError if have.shape != first.shape else DtypeError
            raise kind(f"scan: outputs must be alike: step 0 gave {first}, step {i} {have}")
    return lift(vocabulary.stack(column))
