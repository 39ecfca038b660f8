"""torch.autograd: the same programs on dualtape and, where it is installed, on PyTorch."""

import gc
import importlib
import threading
import warnings
import weakref

import numpy as np
import pytest

import dualtape.torch as dtorch

try:
    import torch as real
except ImportError:
    real = None

SYSTEMS = [
    pytest.param(dtorch, id="dualtape"),
    pytest.param(
        real, id="torch", marks=pytest.mark.skipif(real is None, reason="PyTorch is not installed")
    ),
]
both = pytest.mark.parametrize("torch", SYSTEMS)


def error_of(call):
    """The exception a call raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what is compared
        call()
    return caught.value


def first_words(error, n=8):
    return " ".join(str(error).split()[:n])


@both
def test_gradients_accumulate_and_are_cleared(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 8.0]
    x.grad = None
    (3 * x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@both
def test_grad_of_several_outputs_and_inputs(torch):
    x1, x2 = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    y1, y2 = x1 * x2, x1 + x2
    g = torch.autograd.grad([y1, y2], [x1, x2], retain_graph=True)
    assert [t.item() for t in g] == [3.0, 2.0]
    g = torch.autograd.grad(
        [y1, y2], [x1, x2], grad_outputs=[torch.tensor(2.0), torch.tensor(-1.0)]
    )
    assert [t.item() for t in g] == [3.0, 1.0]


@both
def test_unused_inputs(torch):
    x, y = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    assert torch.autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
    assert torch.autograd.grad(x * 2, [x, y], materialize_grads=True)[1].item() == 0.0
    error = error_of(lambda: torch.autograd.grad(x * 2, [x, y]))
    assert isinstance(error, RuntimeError)
    assert "appears to not have been used in the graph" in str(error)


@both
def test_higher_orders(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x**5
    for want in (80.0, 160.0, 240.0, 240.0, 120.0):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        assert y.item() == want


@both
def test_backward_with_create_graph_differentiates_grad(torch):
    x = torch.tensor(3.0, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x**3).backward(create_graph=True)
    g = x.grad
    assert g.requires_grad
    x.grad = None
    g.backward()
    assert x.grad.item() == 18.0
    x.grad = None


@both
def test_backward_into_chosen_inputs(torch):
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    (x * y).backward(inputs=[x])
    assert x.grad.item() == 3.0
    assert y.grad is None


@both
def test_leaves_and_history(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert x.is_leaf
    assert x.grad_fn is None
    assert not y.is_leaf
    assert type(y.grad_fn).__name__ == "MulBackward0"
    assert y.grad_fn.name() == "MulBackward0"
    (parent, number), other = y.grad_fn.next_functions
    assert type(parent).__name__ == "AccumulateGrad"
    assert number == 0
    assert other == (None, 0)
    assert parent.variable is x
    assert y.detach().is_leaf
    assert not y.detach().requires_grad
    assert y.grad_fn is y.grad_fn


@both
def test_a_detached_tensor_shares_memory(torch):
    x = torch.ones(2, requires_grad=True)
    d = x.detach()
    d[0] = 5.0
    assert x.tolist() == [5.0, 1.0]
    scalar = torch.tensor(1.0)
    alias = scalar.detach()
    alias.fill_(7.0)
    assert scalar.item() == 7.0
    array = scalar.numpy()
    array[...] = 9.0
    assert alias.item() == 9.0


@both
def test_grad_modes(torch):
    x = torch.tensor(1.0, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.inference_mode():
        assert not (x * 2).requires_grad

    @torch.no_grad()
    def quiet():
        return x * 2

    assert not quiet().requires_grad

    @torch.no_grad()
    def generator():
        yield (x * 2).requires_grad

    assert not any(generator())
    with pytest.raises(ValueError, match="inside"), torch.no_grad():
        raise ValueError("inside")
    assert torch.is_grad_enabled()


@both
def test_modes_are_per_thread(torch):
    seen = []

    def work():
        seen.append(torch.is_grad_enabled())

    with torch.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [True]


@both
def test_hooks(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = y * y
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.retain_grad()
    z.sum().backward(retain_graph=True)
    assert seen == [[6.0, 12.0]]
    assert y.grad.tolist() == [60.0, 120.0]
    assert x.grad.tolist() == [181.0, 361.0]
    handle.remove()
    z.sum().backward()
    assert len(seen) == 1


@both
def test_post_accumulate_and_node_hooks(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    order = []
    x.register_post_accumulate_grad_hook(lambda p: order.append(("post", p.grad.tolist())))
    y = x * 3
    y.grad_fn.register_hook(lambda gin, gout: order.append(("node", gout[0].tolist())))
    y.grad_fn.register_prehook(lambda gout: (gout[0] * 2,))
    y.sum().backward()
    assert order == [("node", [2.0, 2.0]), ("post", [6.0, 6.0])]


def make_functions(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_backward(x)
            ctx.k = k
            return k * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert ctx.needs_input_grad == (True, False)
            return g * 2 * ctx.k * x, None

    class Split(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x + 1, x.long()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, g, unused):
            return g * 7

    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    return Square, Split, Once, Wrong


@both
def test_custom_functions(torch):
    Square, Split, Once, Wrong = make_functions(torch)
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    y = Square.apply(x, 2.0)
    assert type(y.grad_fn).__name__ == "SquareBackward"
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [4.0, 12.0]
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [4.0, 4.0]
    a, b = Split.apply(x)
    assert a.requires_grad
    assert not b.requires_grad
    assert torch.autograd.grad(a.sum(), x)[0].tolist() == [7.0, 7.0]
    ct = torch.ones(2, requires_grad=True)
    (g,) = torch.autograd.grad(Once.apply(x), x, ct, create_graph=True)
    assert "once_differentiable" in str(error_of(lambda: g.sum().backward()))
    error = error_of(lambda: Wrong.apply(x, x).sum().backward())
    assert isinstance(error, RuntimeError)
    assert "returned an incorrect number of gradients (expected 2, got 1)" in str(error)


@both
def test_a_custom_function_in_double_backward_frees_its_graph(torch):
    Square, *_ = make_functions(torch)
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    gc.disable()
    try:
        y = Square.apply(x, 2.0)
        ref = weakref.ref(y)
        del y
        assert ref() is None
    finally:
        gc.enable()


@both
def test_gradcheck(torch):
    x = torch.tensor([0.3, 1.2], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[2.0], [0.5]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda a, b: (a * b) / (1 + a * a), (x, w), check_forward_ad=True
    )
    assert torch.autograd.gradgradcheck(lambda a, b: (a * b) / (1 + a * a), (x, w))

    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    error = error_of(lambda: torch.autograd.gradcheck(Bad.apply, (x,)))
    assert "Jacobian mismatch for output 0 with respect to input 0" in str(error)
    assert not torch.autograd.gradcheck(Bad.apply, (x,), raise_exception=False)


@both
def test_forward_mode(torch):
    fw = importlib.import_module(torch.__name__ + ".autograd.forward_ad")
    x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, -1.0])
    with fw.dual_level():
        d = fw.make_dual(x, v)
        primal, tangent = fw.unpack_dual(d * d * 3)
        assert tangent.tolist() == [6.0, -12.0]
        assert primal.tolist() == [3.0, 12.0]
        assert fw.unpack_dual(x).tangent is None
    assert isinstance(error_of(lambda: fw.make_dual(x, v)), RuntimeError)


@both
def test_complex_gradients_are_conjugate(torch):
    z = torch.tensor([1 + 2j, -0.5 + 1j], dtype=torch.complex128, requires_grad=True)
    (z * z * z).abs().sum().backward()
    want = [3 * abs(c) * c for c in (1 + 2j, -0.5 + 1j)]
    np.testing.assert_allclose(z.grad.resolve_conj().detach().numpy(), want)


ERRORS = {
    "a scalar is needed": lambda torch: (torch.ones(2, requires_grad=True) * 2).backward(),
    "nothing requires grad": lambda torch: torch.ones(()).backward(),
    "integer requires_grad": lambda torch: torch.tensor(1).requires_grad_(),
    "integer requires_grad_": lambda torch: torch.tensor([1]).requires_grad_(),
    "a graph used twice": lambda torch: twice(torch),
    "numpy of a tensor with grad": lambda torch: torch.ones(2, requires_grad=True).numpy(),
    "in-place on a leaf": lambda torch: torch.ones(2, requires_grad=True).add_(1),
    "in-place on a view of a leaf": lambda torch: torch.ones(2, requires_grad=True)[:1].add_(1),
    "requires_grad of a result": lambda torch: setattr(
        torch.ones(2, requires_grad=True) * 2, "requires_grad", False
    ),
    "wrong gradient shape": lambda torch: (torch.ones(2, requires_grad=True) * 2).backward(
        torch.ones(3)
    ),
    "wrong grad assignment": lambda torch: setattr(
        torch.ones(2, requires_grad=True), "grad", torch.ones(3)
    ),
    "grad assigned a number": lambda torch: setattr(torch.ones(2, requires_grad=True), "grad", 1.0),
    "an input without grad": lambda torch: torch.autograd.grad(
        torch.ones((), requires_grad=True) * 2, torch.ones(())
    ),
    "detach_ of a view": lambda torch: (torch.ones(2, requires_grad=True) * 2)[:1].detach_(),
    "modified residual": lambda torch: modified(torch),
    "a hook without grad": lambda torch: torch.ones(2).register_hook(print),
    "retain_grad without grad": lambda torch: torch.ones(2).retain_grad(),
    "shapes": lambda torch: torch.ones(2) + torch.ones(3),
    "bool of many": lambda torch: bool(torch.ones(2)),
    "item of many": lambda torch: torch.ones(2).item(),
    "in-place result dtype": lambda torch: torch.ones(2, dtype=torch.int64).add_(1.5),
    "in-place result shape": lambda torch: torch.ones(1).add_(torch.ones(3)),
    "negative integer power": lambda torch: torch.tensor([2]) ** -1,
    "boolean minus": lambda torch: torch.tensor([True]) - torch.tensor([True]),
    "negative bool": lambda torch: -torch.tensor([True]),
    "complex backward": lambda torch: (
        torch.ones((), dtype=torch.complex64, requires_grad=True) * 1j
    ).backward(),
    "index out of range": lambda torch: torch.ones(2)[5],
    "dimension out of range": lambda torch: torch.ones(2).sum(3),
    "ragged data": lambda torch: torch.tensor([[1.0], [2.0, 3.0]]),
}


def twice(torch):
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


def modified(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.add_(1)
    z.sum().backward()


@pytest.mark.parametrize("case", ERRORS)
def test_errors_have_pytorchs_type_and_words(case):
    ours = error_of(lambda: ERRORS[case](dtorch))
    if real is None:
        assert isinstance(ours, (RuntimeError, TypeError, ValueError, IndexError)), ours
        return
    theirs = error_of(lambda: ERRORS[case](real))
    assert isinstance(ours, type(theirs)), (
        f"{type(ours).__name__}: {ours}, PyTorch: {type(theirs).__name__}: {theirs}"
    )
    assert first_words(ours) == first_words(theirs)


def test_anomaly_mode_names_the_forward_line():
    x = dtorch.tensor([0.0, 1.0], requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection"), dtorch.autograd.detect_anomaly():  # noqa: SIM117
        with pytest.raises(
            RuntimeError, match=r"PowBackward0' returned nan values in its 0th output"
        ) as error:
            ((x - 1) ** 0.5).backward(dtorch.tensor([0.0, 1.0]))
    assert "test_autograd.py" in str(error.value)
    assert "((x - 1) ** 0.5)" in str(error.value)


def test_a_modified_residual_names_both_lines():
    x = dtorch.ones(2, requires_grad=True)
    y = x * 2
    z = y * y  # saved here
    y.add_(1)  # overwritten here
    with pytest.raises(RuntimeError) as error:
        z.sum().backward()
    text = str(error.value)
    assert "# saved here" in text
    assert "# overwritten here" in text
    assert "version 1; expected version 0" in text


def test_writes_through_views_give_pytorchs_gradients():
    if real is None:
        pytest.skip("PyTorch is not installed")

    def program(torch):
        x = torch.arange(12.0, requires_grad=True)
        w = torch.tensor([2.0, 3.0, 4.0], requires_grad=True)
        base = (x * 1.0).view(3, 4)
        base[1:, 2].mul_(w[:2])
        base.t()[0] = w
        row = base[2]
        row[1:3] += w[1:]
        row.mul_(0.5)
        view = base.view(2, 6)
        base.add_(1)
        (view * view).sum().backward()
        return base.tolist(), x.grad.tolist(), w.grad.tolist()

    assert program(dtorch) == program(real)
