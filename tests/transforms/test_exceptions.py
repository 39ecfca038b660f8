"""An exception inside a transformation leaves no state behind, whichever it is."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.core import boxes, modes, saved
from dualtape.core.batching import open_batches

X = np.array([0.3, 0.7])


class Mine(Exception):
    pass


def fails(*args, **kwargs):
    raise Mine


class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise Mine


def hooked(x):
    x.register_hook(fails)
    (x * 2).sum().backward()


def within(context, run):
    with context:
        run()


def weight():
    return torch.ones(2, requires_grad=True)


NATIVE = {
    "jet": lambda: dt.jet(fails, (X,), ((X,),)),
    "hvp": lambda: dt.hvp(fails, (X,), (X,)),
    "scan": lambda: dt.grad(lambda x: np.sum(dt.scan(fails, x, x)[0]))(X),
    "cond": lambda: dt.grad(lambda x: dt.cond(True, fails, fails, x))(X),
    "vmap of cond": lambda: dt.vmap(lambda x: dt.cond(x > 0.5, fails, fails, x))(X),
    "vmap of while_loop": lambda: dt.vmap(lambda x: dt.while_loop(fails, fails, x))(X),
    "fori_loop": lambda: dt.jvp(lambda x: dt.fori_loop(0, 3, fails, x), (X,), (X,)),
    "checkpoint": lambda: dt.grad(lambda x: dt.checkpoint(fails)(x))(X),
    "custom_rule": lambda: dt.grad(dt.custom_rule(fails, vjp=fails, check=False))(X),
    "implicit": lambda: dt.grad(lambda a: dt.implicit.root(fails, fails)(a))(1.0),
    "check": lambda: dt.check(fails, X),
    "blame_nan": lambda: dt.blame_nan(fails, X),
    "safe_gradients": lambda: within(dt.safe_gradients(), lambda: dt.grad(fails)(X)),
    "doctor": lambda: within(dt.doctor(), fails),
}
DIALECTS = {
    "torch.func.vmap": lambda: torch.func.vmap(fails, chunk_size=1)(torch.ones(2)),
    "torch.func.hessian": lambda: torch.func.hessian(fails)(torch.ones(2)),
    "torch.func.linearize": lambda: torch.func.linearize(fails, torch.ones(2)),
    "functional.jacobian": lambda: torch.autograd.functional.jacobian(fails, torch.ones(2)),
    "dual_level": lambda: within(torch.autograd.forward_ad.dual_level(), fails),
    "inference_mode": lambda: within(
        torch.inference_mode(), lambda: torch.func.grad(fails)(torch.ones(2))
    ),
    "a hook": lambda: hooked(weight()),
    "a hook on residuals": lambda: within(
        torch.autograd.graph.saved_tensors_hooks(fails, fails), lambda: weight() ** 2
    ),
    "Function": lambda: Function.apply(weight()).sum().backward(),
    "Function in grad": lambda: torch.func.grad(lambda x: Function.apply(x).sum())(torch.ones(2)),
    "GradientTape": lambda: within(tf.GradientTape(), fails),
    "ForwardAccumulator": lambda: within(
        tf.autodiff.ForwardAccumulator(tf.ones(2), tf.ones(2)), fails
    ),
    "vectorized_map": lambda: tf.vectorized_map(fails, tf.ones(2)),
}


def state():
    return (
        modes.current() & ~modes.GUARDED,  # a note that tensors of inference mode may be about
        modes.depth(),
        open_batches.get(),
        boxes.open_trace.get(),
        saved.active_hooks(),
    )


@pytest.mark.parametrize("name", [*NATIVE, *DIALECTS])
def test_nothing_is_left_behind(name):
    run = (NATIVE | DIALECTS)[name]
    before = state()
    with pytest.raises(Mine):
        run()
    assert state() == before
    with torch.no_grad():
        during = state()
        if name not in ("a hook", "a hook on residuals", "Function"):  # nothing is recorded there
            with pytest.raises(Mine):
                run()
        assert state() == during
    assert state() == before
    assert dt.grad(np.sin)(0.0) == 1.0
    with pytest.raises(RuntimeError, match="no level"):
        torch.autograd.forward_ad.make_dual(torch.ones(1), torch.ones(1))
