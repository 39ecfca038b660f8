"""Control flow as functions: eagerly these are Python's own `if`, `while` and `for`.

In a function being traced, where a tensor decides, they are part of the program (`autograph.running`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.errors import TransformError
from ..ops.shape import broadcast_to
from ..transforms import control, loops
from ..transforms.batch import batch_level, batched, unbatched
from . import nest
from .autograph.running import and_, choice, graph_loop
from .autograph.state import traced
from .convert import as_tensor
from .joining import concat, stack, unstack
from .logs import warn as say
from .tensor import EagerTensor


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return what `true_fn` returns if `pred` is true, else what `false_fn` returns.

    Raises:
        TypeError: One of the functions cannot be called, or `pred` is None.
    """
    for what, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"'{what}' must be callable.")
    if pred is None:
        raise TypeError("pred must not be a Python None")
    assert true_fn is not None
    assert false_fn is not None
    if traced(pred):
        return choice(pred, true_fn, false_fn)
    return true_fn() if bool(as_tensor(pred)) else false_fn()


def case(
    pred_fn_pairs: Sequence[tuple[Any, Callable[[], Any]]],
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Return what the function of the first true predicate returns, else what `default` returns.

    Raises:
        ValueError: None is true and there is no default; or several are, and `exclusive`.
    """
    if any(traced(pred) for pred, _ in pred_fn_pairs):
        if exclusive:
            raise TransformError(
                "tf.case(exclusive=True) looks at all predicates, and runs eagerly"
            )
        return _first(list(pred_fn_pairs), default)
    found = [f for pred, f in pred_fn_pairs if bool(as_tensor(pred))]
    if exclusive and len(found) > 1:
        raise ValueError("Input error: exactly one predicate must be true, several are")
    if found:
        return found[0]()
    if default is None:
        raise ValueError("None of the conditions evaluated as True.")
    return default()


def _first(pairs: list[tuple[Any, Callable[[], Any]]], default: Callable[[], Any] | None) -> Any:
    """The result of the first function whose predicate, a tensor, is true."""
    (pred, f), *rest = pairs
    if not rest:
        return f() if default is None else choice(as_tensor(pred), f, default)
    return choice(as_tensor(pred), f, lambda: _first(rest, default))


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str = "switch_case",
) -> Any:
    """Return what the branch of that number returns; out of range, `default` or the last one."""
    table = dict(enumerate(branch_fns)) if not isinstance(branch_fns, dict) else dict(branch_fns)
    if table and isinstance(table[next(iter(table))], tuple):
        table = dict(table.values())
    if traced(branch_index):
        other = default or table.pop(max(table))
        return (
            _first([(branch_index == k, f) for k, f in table.items()], other) if table else other()
        )
    index = int(as_tensor(branch_index))
    chosen = table.get(index, default or table[max(table)])
    return chosen()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    maximum_iterations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Repeat `body` while `cond` is true; both take the loop variables as arguments.

    Returns:
        The last loop variables, in the form they were given.

    Raises:
        TypeError: `cond` or `body` cannot be called.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    single = len(loop_vars) == 1
    limit = None if maximum_iterations is None else int(as_tensor(maximum_iterations))
    current: Any = loop_vars
    count = 0
    going = as_tensor(cond(*current))
    if traced(going):
        return _graph_while(cond, body, loop_vars, limit)
    while bool(going):
        if limit is not None and count >= limit:
            break
        found = body(*current)
        if single and not isinstance(found, (list, tuple)):
            found = (found,)
        current = type(loop_vars)(found) if isinstance(loop_vars, (list, tuple)) else found
        count += 1
        going = as_tensor(cond(*current))
    return nest.map_structure(
        lambda x: as_tensor(x) if not isinstance(x, EagerTensor) and _is_number(x) else x, current
    )


def _graph_while(cond: Any, body: Any, loop_vars: Any, limit: int | None) -> Any:
    """`while_loop` as one operation of the program."""
    single = len(loop_vars) == 1
    state: list[Any] = [loop_vars, 0]

    def test() -> Any:
        going = cond(*state[0])
        return going if limit is None else and_(lambda: going, lambda: state[1] < limit)

    def once() -> None:
        found = body(*state[0])
        if single and not isinstance(found, (list, tuple)):
            found = (found,)
        state[0] = type(loop_vars)(found) if isinstance(loop_vars, (list, tuple)) else found
        state[1] = state[1] + 1

    def put(values: Sequence[Any]) -> None:
        state[:] = values

    names = ("loop_vars", "the number of steps")
    graph_loop(test, once, lambda: tuple(state), put, names, names)
    return state[0]


def _is_number(x: Any) -> bool:
    return isinstance(x, (bool, int, float, complex)) or hasattr(x, "__array__")


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """Apply `fn` to each slice along the first axis and stack what it returns.

    Raises:
        ValueError: There are no slices, so that the result's form is unknown.
    """
    if loops.wanted():
        return control.scan(lambda _, x: ((), _tensors(fn(x))), (), _tensors(elems))[1]
    slices = [unstack(x) for x in nest.flatten(elems)]
    count = len(slices[0])
    results = []
    for i in range(count):
        results.append(fn(nest.pack_sequence_as(elems, [s[i] for s in slices])))
    return _stacked(results)


def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """Apply `fn` to each slice along the first axis, all at once, and stack what it returns.

    Args:
        fn: Maps a slice of `elems` (nested as they are) to tensors, nested.
        elems: Tensors, nested, of one length; one of length 1 is the same for every slice.
        fallback_to_while_loop: Whether to take one slice after the other where `fn` cannot be run on all
            at once (it asks for numbers or draws at random).
        warn: Whether to warn then.

    Raises:
        ValueError: The lengths differ, or there are no slices.
        TransformError: `fn` cannot be run on all at once, and there is no falling back.
    """
    flat = [as_tensor(x) for x in nest.flatten(elems)]
    lengths = sorted({int(x.shape[0]) for x in flat if len(x.shape)})
    if any(not len(x.shape) for x in flat):
        raise ValueError("elems must have at least one axis, and one is a scalar")
    if not lengths or len([n for n in lengths if n != 1]) > 1:
        raise ValueError(f"elems must have the same length along the first axis, got {lengths}")
    count = lengths[-1]
    try:
        with batch_level(count) as level:
            slices = [batched(level, x, 0) if x.shape[0] == count else x[0] for x in flat]
            out = fn(nest.pack_sequence_as(elems, slices))
            results = [unbatched(level, as_tensor(o), 0) for o in nest.flatten(out)]
    except TransformError as error:
        if not fallback_to_while_loop:
            raise
        if warn:
            say("Using a loop for tf.vectorized_map: %s", str(error).partition("\n")[0])
        wide = [x if x.shape[0] == count else broadcast_to(x, (count, *x.shape[1:])) for x in flat]
        return map_fn(fn, nest.pack_sequence_as(elems, wide))
    return nest.pack_sequence_as(out, results)


def _stacked(results: list[Any]) -> Any:
    if not results:
        raise ValueError("tf.map_fn over an empty axis: the form of the result is unknown")
    flat = [nest.flatten(r) for r in results]
    return nest.pack_sequence_as(
        results[0], [stack(list(column)) for column in zip(*flat, strict=True)]
    )


def _tensors(x: Any) -> Any:
    """A structure with tensors for what can be one."""
    return nest.map_structure(as_tensor, x)


def _folded(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, keep: bool
) -> Any:
    if loops.wanted():
        first: Any = None
        if initializer is None:  # it is the first element
            elems = _tensors(elems)
            ends = (-1, slice(None, -1)) if reverse else (0, slice(1, None))
            first, elems = [nest.map_structure(lambda x, at=at: x[at], elems) for at in ends]

        def step(state: Any, x: Any) -> Any:
            new = _tensors(fn(state, x))
            return new, new if keep else ()

        last, all_of_them = control.scan(
            step,
            _tensors(initializer if first is None else first),
            _tensors(elems),
            reverse=reverse,
        )
        if not keep or first is None:
            return all_of_them if keep else last
        return nest.map_structure(
            lambda x, xs: concat([xs, x[None]] if reverse else [x[None], xs], 0), first, all_of_them
        )
    slices = [unstack(x) for x in nest.flatten(elems)]
    items = [nest.pack_sequence_as(elems, [s[i] for s in slices]) for i in range(len(slices[0]))]
    if reverse:
        items.reverse()
    if initializer is None:
        if not items:
            raise ValueError("Must provide an initializer or at least one element.")
        state, items = items[0], items[1:]
        kept = [state]
    else:
        state = nest.map_structure(as_tensor, initializer)
        kept = []
    for x in items:
        state = fn(state, x)
        kept.append(state)
    if not keep:
        return state
    return _stacked(kept[::-1] if reverse else kept)


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combine the slices along the first axis from first to last: fn(fn(x0, x1), x2)."""
    return _folded(fn, elems, initializer, reverse=False, keep=False)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combine the slices along the first axis from last to first."""
    return _folded(fn, elems, initializer, reverse=True, keep=False)


def scan(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return all states of `foldl` (of `foldr` with `reverse`), stacked."""
    return _folded(fn, elems, initializer, reverse, keep=True)


def group(*inputs: Any, **kwargs: Any) -> None:
    """Run several operations: eagerly they have run already."""


def tuple_(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """Return tensors after all of them are computed: eagerly they are."""
    return list(tensors)


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    name: str | None = None,
) -> Any:
    """Call a Python function with tensors; gradients flow through it."""
    assert func is not None
    out = func(*[as_tensor(x) for x in inp])
    if Tout is None or (isinstance(Tout, (list, tuple)) and not Tout):
        return out
    return nest.map_structure(as_tensor, out)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Call a Python function with arrays; no gradient flows through it."""
    assert func is not None
    out = func(*[as_tensor(x).numpy() for x in inp])
    return nest.map_structure(as_tensor, out)
