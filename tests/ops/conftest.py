"""`against_torch`: values and first and second derivatives compared with PyTorch's."""

from collections.abc import Callable

import numpy as np
import pytest

from dualtape.core.backward import gradients
from dualtape.core.tensor import Tensor, wrap


def ours(f, arrays, wanted, order, seed):
    """Outputs, first gradients and second gradients of `f` by dualtape, as arrays or None."""
    leaves = [wrap(Tensor, a.copy()) for a in arrays]
    for i in wanted:
        leaves[i].require_grad()
    outs = f(*leaves)
    outs = list(outs) if isinstance(outs, (tuple, list)) else [outs]
    rng = np.random.default_rng(seed)
    values = [np.asarray(o.value) for o in outs]
    cts = [_normal(rng, v) for v in values]
    if not order:
        return values, [], []
    tensors = [wrap(Tensor, c) for c in cts]
    for c in tensors:
        c.require_grad()
    roots = [(o.edge, c) for o, c in zip(outs, tensors, strict=True) if o.edge is not None]
    edges = [leaves[i].edge for i in wanted]
    first = gradients(roots, edges, create_graph=True)
    if order == 1:
        return values, [_array(g) for g in first], []
    pairs = [(g, _normal(rng, g.value)) for g in first if g is not None]
    again = [(g.edge, u) for g, u in pairs if g.edge is not None]
    cot = [c.edge for c, o in zip(tensors, outs, strict=True) if o.edge is not None]
    second = gradients(again, edges + cot) if again else [None] * len(edges + cot)
    return values, [_array(g) for g in first], [_array(g) for g in second]


def theirs(torch, f, arrays, wanted, order, seed):
    """The same by PyTorch."""
    leaves = [torch.from_numpy(a.copy()) for a in arrays]
    for i in wanted:
        leaves[i].requires_grad_()
    outs = f(*leaves)
    outs = list(outs) if isinstance(outs, (tuple, list)) else [outs]
    rng = np.random.default_rng(seed)
    values = [o.detach().resolve_conj().resolve_neg().numpy() for o in outs]
    cts = [torch.from_numpy(np.asarray(_normal(rng, v))) for v in values]
    for c in cts:
        c.requires_grad_(c.dtype.is_floating_point or c.dtype.is_complex)
    if not order:
        return values, [], []
    some = [(o, c) for o, c in zip(outs, cts, strict=True) if o.requires_grad]
    xs = [leaves[i] for i in wanted]
    first = torch.autograd.grad(
        [o for o, _ in some], xs, [c for _, c in some], create_graph=True, allow_unused=True
    )
    if order == 1:
        return values, [_array(g) for g in first], []
    pairs = [
        (g, _normal(rng, g.detach().resolve_conj().resolve_neg().numpy()))
        for g in first
        if g is not None
    ]
    again = [(g, torch.from_numpy(np.asarray(u))) for g, u in pairs if g.requires_grad]
    targets = xs + [c for _, c in some]
    second = (
        torch.autograd.grad(
            [g for g, _ in again], targets, [u for _, u in again], allow_unused=True
        )
        if again
        else [None] * len(targets)
    )
    return values, [_array(g) for g in first], [_array(g) for g in second]


def _normal(rng, v):
    if v.dtype.kind not in "fc":
        return np.zeros_like(v)
    a = rng.standard_normal(v.shape)
    if v.dtype.kind == "c":
        a = a + 1j * rng.standard_normal(v.shape)
    return np.asarray(a, v.dtype)


def _array(g):
    if g is None:
        return None
    return (
        np.asarray(g.value if isinstance(g, Tensor) else g)
        if not hasattr(g, "detach")
        else (
            g.numpy(force=True)  # conjugates and zeros that PyTorch has only promised, too
        )
    )


def _compare(got, want, tolerance, what):
    if got is None or want is None:
        known = got if want is None else want
        assert known is None or not np.any(known), f"{what}: {got} against {want}"
        return
    assert got.shape == want.shape, f"{what}: shape {got.shape}, torch {want.shape}"
    assert got.dtype == want.dtype, f"{what}: dtype {got.dtype}, torch {want.dtype}"
    finite = np.abs(want[np.isfinite(want)]) if want.dtype.kind in "fc" else np.abs(want)
    scale = max(1.0, float(np.max(finite, initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale, err_msg=what)


TOLERANCES = {
    "float16": 4e-3,
    "float32": 2e-5,
    "complex64": 2e-5,
    "float64": 1e-10,
    "complex128": 1e-10,
}


@pytest.fixture
def against_torch() -> Callable[..., None]:
    """Return `check(ours, theirs, *arrays, order=2, tolerance=None, wanted=None)`.

    `ours` is called on dualtape's tensors and `theirs` on PyTorch's; both return one or several
    results. Inexact arrays are differentiated, or those whose numbers are in `wanted`.
    """
    torch = pytest.importorskip("torch")

    def check(f, g, *arrays, order=2, tolerance=None, wanted=None, seed=0):
        arrays = [np.asarray(a) for a in arrays]
        if wanted is None:
            wanted = [i for i, a in enumerate(arrays) if a.dtype.kind in "fc"]
        dtype = next((arrays[i].dtype.name for i in wanted), "float64")
        tolerance = tolerance or TOLERANCES[dtype]
        with np.errstate(all="ignore"):
            mine = ours(f, arrays, wanted, order, seed)
        real = theirs(torch, g, arrays, wanted, order, seed)
        for what, a, b in zip(("value", "gradient", "second gradient"), mine, real, strict=True):
            assert len(a) == len(b), f"{len(a)} of {what}, torch has {len(b)}"
            for i, (x, y) in enumerate(zip(a, b, strict=True)):
                _compare(x, y, tolerance, f"{what} {i}")

    return check
