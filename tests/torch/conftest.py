"""What the tests of the PyTorch front end share: the same expressions on dualtape and on PyTorch."""

from __future__ import annotations

import builtins
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape.torch as dt


def shown(t: Any, x: Any) -> Any:
    """A result as plain data: dtype, shape, history and elements of tensors; the repr of the rest."""
    if isinstance(x, t.Tensor):
        d = x.detach()
        elements = (d.float() if d.dtype == t.bfloat16 else d).tolist()
        node = None if x.grad_fn is None else type(x.grad_fn).__name__
        return str(x.dtype), tuple(x.shape), node, x.requires_grad, elements
    if isinstance(x, (tuple, list)):
        return type(x).__name__, [shown(t, y) for y in x]
    return repr(x)


def outcome(t: Any, line: str, names: dict[str, Any]) -> Any:
    """What an expression gives: a result, or the type and the first line of an exception."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return shown(t, eval(line, names))
    except Exception as error:
        kinds = [
            c
            for c in type(error).__mro__
            if c.__module__ == "builtins" or hasattr(builtins, c.__name__)
        ]
        message = str(error).split("\n")[0].split(" (Triggered")[0]
        return (
            "error",
            [c.__name__ for c in kinds],
            re.sub(r",? ?but expected (one of|\().*", "", message),
        )


def equal(a: Any, b: Any) -> bool:
    """Whether two outcomes agree; numbers to rounding."""
    if isinstance(a, tuple) and a and a[0] == "error":
        # One of ours may be several built-in types at once; PyTorch's must be among them.
        return isinstance(b, tuple) and b[0] == "error" and b[1][0] in a[1] and a[2] == b[2]
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, (float, complex)) and isinstance(b, (float, complex)):
        return bool(np.isclose(a, b, rtol=2e-5, atol=1e-6, equal_nan=True))
    return bool(a == b)


@pytest.fixture
def agree() -> Callable[..., None]:
    """Return `check(setup, lines)`: each expression gives the same on dualtape and on PyTorch."""

    def check(setup: str, lines: str) -> None:
        torch = pytest.importorskip("torch")
        sides = []
        for t in (dt, torch):
            names: dict[str, Any] = {"torch": t, "np": np, "nan": np.nan, "inf": np.inf}
            exec(setup, names)
            sides.append((t, names))
        wrong = []
        for line in filter(None, map(str.strip, lines.split("\n"))):
            ours, theirs = (outcome(t, line, names) for t, names in sides)
            if not equal(ours, theirs):
                wrong.append(f"{line}\n  dualtape {ours}\n  PyTorch  {theirs}")
        assert not wrong, "\n".join(wrong)

    return check


@pytest.fixture
def same_gradients() -> Callable[..., None]:
    """Return `check(f, *arrays)`: value, first and second gradients of f(torch, *leaves) agree."""

    def run(t: Any, f: Callable[..., Any], arrays: tuple[Any, ...]) -> list[Any]:
        leaves = [t.tensor(a, requires_grad=a.dtype.kind in "fc") for a in arrays]
        wanted = [x for x in leaves if x.requires_grad]
        outs = f(t, *leaves)
        outs = [o for o in (outs if isinstance(outs, (tuple, list)) else [outs]) if o.requires_grad]
        rng = np.random.default_rng(3)

        def weight(x: Any) -> Any:
            w = rng.standard_normal(tuple(x.shape))
            return t.tensor(
                w + 1j * w[..., ::-1] if x.is_complex() and w.ndim else w, dtype=x.dtype
            )

        first = t.autograd.grad(
            outs, wanted, [weight(o) for o in outs], create_graph=True, allow_unused=True
        )
        second: list[Any] = []
        for g in first:
            if g is not None and g.requires_grad:
                second += t.autograd.grad(
                    g, wanted, weight(g), allow_unused=True, retain_graph=True
                )
            else:
                second += [None] * len(wanted)
        every = (*outs, *first, *second)
        return [None if r is None else r.detach().resolve_conj().numpy(force=True) for r in every]

    def check(f: Callable[..., Any], *arrays: Any, tolerance: float = 1e-9) -> None:
        torch = pytest.importorskip("torch")
        ours, theirs = run(dt, f, arrays), run(torch, f, arrays)
        assert len(ours) == len(theirs)
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a is None or b is None:  # a zero gradient may be told either way
                known = a if b is None else b
                assert known is None or np.all(np.abs(known) < tolerance)
                continue
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=f"part {i}")

    return check


def loosely(a: Any, b: Any) -> bool:
    """Whether two outcomes agree but for the names of nodes and the end of messages."""
    if isinstance(a, tuple) and a and a[0] == "error":
        return (
            isinstance(b, tuple) and b[0] == "error" and b[1][0] in a[1] and a[2][:40] == b[2][:40]
        )
    if isinstance(a, tuple) and len(a) == 5 and isinstance(b, tuple) and len(b) == 5:
        return a[:2] == b[:2] and a[3] == b[3] and equal(a[4], b[4])
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(loosely, a, b))
    return equal(a, b)


@pytest.fixture
def agree_in_values() -> Callable[..., None]:
    """Return `agree` without the names of nodes and the ends of messages."""

    def check(setup: str, lines: str) -> None:
        torch = pytest.importorskip("torch")
        sides = []
        for t in (dt, torch):
            names: dict[str, Any] = {"torch": t, "np": np}
            exec(setup, names)
            sides.append((t, names))
        wrong = []
        for line in filter(None, map(str.strip, lines.split("\n"))):
            ours, theirs = (outcome(t, line, names) for t, names in sides)
            if not loosely(ours, theirs):
                wrong.append(f"{line}\n  dualtape {ours}\n  PyTorch  {theirs}")
        assert not wrong, "\n".join(wrong)

    return check
