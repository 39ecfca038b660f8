"""`torch.cond` and `torch.while_loop`: eagerly Python's own `if` and `while`; in a compiled function, part of the program."""

from __future__ import annotations

from typing import Any

from ..transforms import control, tree
from ._tensor import Tensor

__all__ = ["cond", "while_loop"]


def cond(
    pred: Any,
    true_fn: Any,
    false_fn: Any,
    operands: Any = (),
) -> Any:
    """Return `true_fn(*operands)` if `pred` holds, else `false_fn(*operands)`.

    Args:
        pred: A number, or a tensor of one element.
        true_fn, false_fn: The branches. They may close over tensors. Where a tensor decides inside a compiled
            function, and under vmap, both must return tensors of the same structure, shapes and dtypes.
        operands: Trees of tensors.

    Raises:
        RuntimeError: The predicate, a branch or the operands are something else.

    Only the branch taken runs (PyTorch traces both, and therefore also refuses branches that return an operand or write
    to one).
    """
    if not isinstance(pred, (bool, int, float, Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, Tensor) and pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not (callable(true_fn) and callable(false_fn)):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)) or not _all_tensors(operands):
        raise RuntimeError(
            "Expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, but got "
            f"{operands}."
        )
    if not isinstance(pred, Tensor):
        return true_fn(*operands) if pred else false_fn(*operands)
    return control.cond(pred.reshape(()) if pred.dim() else pred, true_fn, false_fn, *operands)


def _all_tensors(operands: Any) -> bool:
    return all(isinstance(x, Tensor) for x in tree.leaves(operands))


def while_loop(cond_fn: Any, body_fn: Any, carried_inputs: Any) -> Any:
    """Repeat `body_fn` as long as `cond_fn` holds of what it returned last.

    Args:
        cond_fn: (*carried) -> a bool, or a boolean tensor of one element.
        body_fn: (*carried) -> a tuple or list of the next ones (or the only one), of the same shapes and dtypes.
        carried_inputs: The first ones: trees of tensors, and integers.

    Returns:
        What `body_fn` returned last; `carried_inputs` if it never ran.

    Raises:
        RuntimeError: The functions cannot be called; the condition is not one number; the body returns other shapes or
            dtypes than it was given.
    """
    if not (callable(cond_fn) and callable(body_fn)):
        raise RuntimeError("Expect cond_fn and body_fn to be callable.")
    if not isinstance(carried_inputs, (tuple, list)):
        raise RuntimeError(
            f"Expect carried_inputs to be a tuple or a list, but got {carried_inputs}."
        )

    bare = False

    def test(value: Any) -> Any:
        going = cond_fn(*value)
        if isinstance(going, Tensor):
            if going.numel() != 1:
                raise RuntimeError(
                    f"Expected cond_fn to return a scalar tensor or a bool but got {going.shape}"
                )
            return going.reshape(()) if going.dim() else going
        return going

    def body(value: Any) -> Any:
        nonlocal bare
        made = body_fn(*value)
        _check(value, made)
        bare = not isinstance(made, (tuple, list))
        return type(value)((made,) if bare else made)

    if _all_tensors(carried_inputs):
        out = control.while_loop(test, body, carried_inputs)
        return out[0] if bare else out
    value: Any = carried_inputs  # integers among them are Python's
    while bool(test(value)):
        value = body(value)
    return value[0] if bare else value


def _check(before: Any, after: Any) -> None:
    """Hold what a body returns against what it was given.

    Raises:
        RuntimeError: They differ.
    """
    olds, news = tree.leaves(before), tree.leaves(after)
    if len(olds) != len(news):
        raise RuntimeError(
            f"Expected body_fn to return {len(olds)} tensors, as many as are carried, but got {len(news)}"
        )
    for k, (a, b) in enumerate(zip(olds, news, strict=True)):
        if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
            continue
        for what in ("shape", "dtype"):
            x, y = getattr(b, what), getattr(a, what)
            if x != y:
                raise RuntimeError(
                    "Expected body_fn_output and carried_inputs to have same metadata but found:\n"
                    f"pair[{k}] differ in '{what}: {x} vs {y}', where lhs is {b} and rhs is {a}"
                )
