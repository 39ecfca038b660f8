"""Large arrays in eager code: kernels give what NumPy gives, forward and backward, whatever the operands look like."""

import importlib.util
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.compiler.eager import begin, gates, install, shapes, site
from dualtape.compiler.native import threads as pool
from dualtape.core import threads
from dualtape.ops import exponential, logistic, trigonometric

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"
)
F = torch.nn.functional


@pytest.fixture(autouse=True, scope="module")
def small():
    """Kernels from 64 elements on, at the first call, in blocks of 16."""
    before = shapes.ELEMENTS, gates.least.value
    with begin.kernels():
        shapes.ELEMENTS, gates.least.value = 16, 64
        yield
        shapes.ELEMENTS, gates.least.value = before


@pytest.fixture
def counts():
    """Puts the number of threads back."""
    before = threads.thread_count()
    yield
    threads.set_thread_count(before)


def sites(*names):
    """The sites of these names that have kernels."""
    found = [s for s in begin.sites if any(type(k) is site.Built for k in s.kernels.values())]
    return [s for s in found if not names or s.name in names]


def both(f, *arrays):
    """f and its gradients, by kernels and by NumPy."""
    out = []
    for on in (True, False):
        least = gates.least.value
        if not on:
            gates.least.value = 1 << 60
        try:
            xs = [torch.from_numpy(a.copy()) for a in arrays]
            for x in xs:
                x.requires_grad_(x.dtype.is_floating_point)
            y = f(*xs)
            wanted = [x for x in xs if x.requires_grad]
            ct = torch.from_numpy(
                np.random.default_rng(7).standard_normal(y.shape).astype(arrays[0].dtype)
            )
            grads = torch.autograd.grad(y, wanted, ct.reshape(y.shape)) if wanted else []
            out.append([y.detach().numpy(), *[g.numpy() for g in grads]])
        finally:
            gates.least.value = least
    return out


def agree(f, *arrays, loose=1.0):
    """Assert that kernels and NumPy agree, and return what kernels gave."""
    ours, numpys = both(f, *arrays)
    for a, b in zip(ours, numpys, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        tol = (2e-5 if a.dtype == np.float32 else 1e-11) * loose
        np.testing.assert_allclose(a, b, rtol=tol, atol=tol)
    return ours


ELEMENTWISE = {
    "exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "erf": torch.erf, "softplus": F.softplus, "silu": F.silu, "gelu": F.gelu,
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"), "power": lambda x: x**2.5, "cube": lambda x: x**3,
    "relu": torch.relu, "elu": F.elu, "mish": F.mish, "log_sigmoid": F.logsigmoid, "log1p": torch.log1p,
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_functions_agree_with_numpy_from_the_threshold_on(name, rng):
    f = ELEMENTWISE[name]
    for n in (1, 63, 64, 65, 79, 80, 81, 1000):
        for dtype in ("f4", "f8"):
            agree(f, rng.uniform(0.1, 3, n).astype(dtype))
    agree(f, rng.uniform(0.1, 3, (5, 7, 3)))


def test_two_operands_and_numbers_among_them(rng):
    x, y = rng.uniform(0.5, 2, (2, 100))
    agree(lambda x, y: x**y, x, y)
    agree(torch.logaddexp, x, y)
    agree(lambda x, y: x / y, x, y)
    agree(lambda x, s: torch.pow(x, s), x, np.array(1.5))
    agree(lambda x, y: torch.where(x > y, x.exp(), y.sin()), x, y)
    agree(lambda x, y: x.reshape(10, 10) ** y[:10], x, y)  # broadcast
    assert sites("pow", "the pullback of pow", "logaddexp")


def layer_norm(x, w, b):
    return F.layer_norm(x, x.shape[1:], w, b)


ROWWISE = {
    "softmax": lambda x: torch.softmax(x, -1), "log_softmax": lambda x: torch.log_softmax(x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, -1), "var": lambda x: x.var(-1), "std": lambda x: x.std(-1),
    "var of everything": lambda x: x.var(), "norm": lambda x: x.norm(dim=-1), "kept": lambda x: x.var(-1, keepdim=True),
    "along the first axis": lambda x: torch.softmax(x, 0), "rms_norm": lambda x: F.rms_norm(x, x.shape[-1:]),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWWISE)
def test_rowwise_functions_agree_with_numpy_whatever_the_rows(name, rng):
    for shape in ((16, 5), (17, 8), (9, 9), (3, 40), (2, 3, 16), (1, 100)):
        agree(ROWWISE[name], rng.standard_normal(shape))
    agree(ROWWISE[name], rng.standard_normal((33, 7)).astype("f4"))


def test_layer_norm_and_cross_entropy_with_everything_that_they_take(rng):
    for shape in ((16, 5), (6, 6, 4), (9, 9)):
        x, w = rng.standard_normal(shape), rng.standard_normal((2, *shape[1:]))
        agree(layer_norm, x, w[0], w[1])
    x, target = rng.standard_normal((40, 7)), rng.integers(0, 7, 40)
    for reduction in ("mean", "sum", "none"):
        agree(lambda x, t, r=reduction: F.cross_entropy(x, t, reduction=r), x, target)
    target[3] = -100
    agree(F.cross_entropy, x, target)
    assert sites("layer_norm", "the pullback of layer_norm", "cross_entropy")
    target[0] = 9
    with pytest.raises(IndexError, match="out of bounds"):
        F.cross_entropy(torch.from_numpy(x), torch.from_numpy(target))


def test_rows_are_counted_at_run_time(rng):
    f = lambda n: torch.softmax(torch.from_numpy(rng.standard_normal((n, 8))), -1)  # noqa: E731
    f(20)
    (softmax,) = sites("softmax")
    before = len(softmax.kernels)
    for n in (21, 50, 333):
        f(n)
    assert len(softmax.kernels) == before
    gelu = lambda *shape: F.gelu(torch.from_numpy(rng.standard_normal(shape)))  # noqa: E731
    gelu(100)
    (one,) = sites("gelu")
    before = len(one.kernels)
    gelu(101), gelu(10, 11), gelu(3, 4, 50)
    assert len(one.kernels) == before


SPECIAL = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-310,
    1.0,
    -1.0,
    710.0,
    -746.0,
    1e308,
    -1e308,
]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_special_values_as_numpy_has_them(name):
    for dtype in ("f8", "f4"):
        with np.errstate(all="ignore"):
            x = np.resize(np.array(SPECIAL).astype(dtype), 70)
        ours, numpys = both(ELEMENTWISE[name], x)
        tol = 1e-5 if dtype == "f4" else 1e-11
        np.testing.assert_allclose(ours[0], numpys[0], rtol=tol)
        zero = ours[0] == 0
        if name in ("relu", "elu"):  # of 0.0 and -0.0 either is the maximum, in NumPy too
            continue
        assert (np.signbit(ours[0]) == np.signbit(numpys[0]))[zero].all()


def test_rows_of_special_values(rng):
    x = rng.standard_normal((20, 6))
    x[0, 0], x[1, 1], x[2] = np.nan, np.inf, -np.inf
    for f in (ROWWISE["softmax"], ROWWISE["log_softmax"], ROWWISE["logsumexp"], ROWWISE["var"]):
        ours, numpys = both(f, x)
        for a, b in zip(ours, numpys, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_other_layouts_and_dtypes_are_left_to_numpy(rng):
    x = rng.standard_normal((20, 12))
    for a in (x.T, x[:, ::2], x[::-1], np.broadcast_to(x[0], (20, 12))):
        want = torch.sin(torch.from_numpy(a.copy())).numpy()
        np.testing.assert_allclose(trigonometric.sin(a), want, rtol=1e-12)
    for dtype in (np.float16, np.complex128, np.dtype(">f8"), np.int64):
        y = x.astype(dtype)
        np.testing.assert_array_equal(trigonometric.sin(y), np.sin(y))
    off = np.zeros(81 * 8 + 1, np.uint8)[1:].view(np.float64)[:81]
    off[:] = 0.5
    np.testing.assert_allclose(trigonometric.sin(off), np.sin(0.5), rtol=1e-15)

    class Mine(np.ndarray):
        pass

    assert type(trigonometric.sin(x.view(Mine))) is Mine
    assert trigonometric.sin(np.empty((0, 100))).shape == (0, 100)


def test_numpy_runs_where_floating_point_errors_are_to_raise():
    x = np.zeros(100)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        exponential.log1p(x - 1)
    with np.errstate(all="ignore"):
        assert np.isneginf(exponential.log1p(x - 1)).all()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        logistic.sigmoid(x - 800)


def test_second_derivatives_and_what_else_is_recorded(rng):
    x = torch.from_numpy(rng.standard_normal(100)).requires_grad_()
    for f, second in (
        (torch.sin, lambda x: -torch.sin(x)),
        (torch.tanh, lambda x: -2 * torch.tanh(x) * (1 - torch.tanh(x) ** 2)),
    ):
        (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), x)
        np.testing.assert_allclose(h.numpy(), second(x).detach().numpy(), rtol=1e-12)


def test_under_transformations(rng):
    x, v = rng.standard_normal((2, 100))
    _, dot = dt.jvp(lambda x: np.tanh(x), (x,), (v,))
    np.testing.assert_allclose(dot, v * (1 - np.tanh(x) ** 2), rtol=1e-11)
    rows = rng.standard_normal((8, 100))
    got = dt.vmap(dt.grad(lambda r: np.sum(np.sin(r) ** 2)))(rows)
    np.testing.assert_allclose(got, np.sin(2 * rows), rtol=1e-10, atol=1e-12)
    weights = rng.standard_normal(100)
    f = dt.jit(lambda x: np.sum(np.sin(weights) * np.cos(x)))
    for _ in range(2):
        np.testing.assert_allclose(f(x), np.sum(np.sin(weights) * np.cos(x)), rtol=1e-11)
        weights += (
            1  # what a compiled function closes over stays what it is, not what a kernel made of it
        )


def test_writes_to_operands_are_noticed_as_ever(rng):
    x = torch.from_numpy(rng.standard_normal(100)).requires_grad_()
    y = x * 1
    z = torch.sin(y)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified"):
        z.sum().backward()
    out = torch.empty(100, dtype=torch.float64)
    torch.sin(x.detach(), out=out)
    np.testing.assert_allclose(out.numpy(), np.sin(x.detach().numpy()), rtol=1e-12)


def test_anomaly_mode_finds_the_nan_that_a_kernel_made():
    x = torch.zeros(100, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True), pytest.raises(RuntimeError, match="nan"):
        (torch.sqrt(x) * 0).sum().backward()


def test_any_number_of_threads_gives_the_same_bits(rng, monkeypatch, counts):
    monkeypatch.setattr(pool, "THREADED", 1)
    monkeypatch.setattr(pool, "CHUNK", 64)
    x = rng.standard_normal((517, 9)).astype("f4")
    found = {}
    for s in begin.sites:
        s.bound.clear()
    for count in (1, 2, 8):
        threads.set_thread_count(count)
        for name, f in {**ELEMENTWISE, **ROWWISE}.items():
            bits = f(torch.from_numpy(abs(x))).numpy().tobytes()
            assert found.setdefault(name, bits) == bits, name
    divided = [b.team for s in sites() for b in s.bound.values() if b is not None]
    assert max(divided) == 8


def test_several_threads_of_the_users(rng):
    x = rng.standard_normal((50, 40))
    want = torch.softmax(torch.from_numpy(x), -1).numpy()
    wrong = []

    def work():
        for _ in range(50):
            if torch.softmax(torch.from_numpy(x), -1).numpy().tobytes() != want.tobytes():
                wrong.append(1)

    users = [threading.Thread(target=work) for _ in range(4)]
    for u in users:
        u.start()
    for u in users:
        u.join()
    assert not wrong


def test_gates_go_away_where_numpy_does_as_well(rng):
    x = torch.from_numpy(rng.standard_normal(100)).requires_grad_()
    for _ in range(3):
        (x * x).sum().backward()
    (gated, _) = [g for g in install.gated if g.name == "the pullback of mul"]
    assert gated.holder.rule is gated.original


def test_kernels_are_made_once_it_pays(rng, monkeypatch):
    monkeypatch.setattr(site, "always", False)
    monkeypatch.setattr(site, "PAYS", 350)
    x = torch.from_numpy(rng.standard_normal(100))
    (silu,) = [s for s in begin.sites if s.name == "silu"]
    silu.kernels.clear(), silu.bound.clear()
    for k in range(4):
        assert not sites("silu"), k
        F.silu(x)
    assert sites("silu")


def test_what_python_and_ctypes_do_where_objects_cannot_be_read(rng, monkeypatch):
    from dualtape.compiler.eager import entry, native_gate

    f = gates.python_gate(lambda *a: "small", lambda *a: "large")
    assert (f(1.0), f(np.ones(9)), f(0, np.ones(99))) == ("small", "small", "large")
    g = native_gate.gate(lambda *a, **p: ("small", a, p), lambda *a, **p: ("large", a, p))
    for args, params in (
        ((), {}),
        ((1,), {"b": 2}),
        ((np.ones(99),), {"b": 2}),
        ((np.float64(1),), {}),
    ):
        size = "large" if args and isinstance(args[0], np.ndarray) else "small"
        assert g(*args, **params) == (size, args, params)
    monkeypatch.setattr(entry, "readable", lambda: False)
    (sigmoid,) = [s for s in begin.sites if s.name == "sigmoid"]
    sigmoid.kernels.clear(), sigmoid.bound.clear()
    agree(torch.sigmoid, rng.standard_normal(200))
    agree(lambda x: torch.sigmoid(x.T), rng.standard_normal((20, 10)))
    assert all(k.kernel.call.__name__ == "call" for k in sigmoid.kernels.values() if k)


PROGRAM = """
import sys
import numpy as np
import dualtape.torch as torch
assert "dualtape.compiler" not in sys.modules
x = torch.ones(100)
assert "dualtape.compiler" not in sys.modules
x = torch.ones(1 << 15)
assert ("dualtape.compiler.eager.install" in sys.modules) == {awake}
y = torch.sigmoid(x)
assert ("llvmlite" in sys.modules) == {native}, "llvmlite"
assert np.allclose(y.numpy(), 1 / (1 + np.exp(-1)))
"""


@pytest.mark.parametrize(
    ("choice", "awake", "native"), [("0", True, False), ("1", True, True), ("", True, False)]
)
def test_the_environment_decides(choice, awake, native):
    env = {**os.environ, "DUALTAPE_EAGER_KERNELS": choice}
    subprocess.run(
        [sys.executable, "-c", PROGRAM.format(awake=awake, native=native)], env=env, check=True
    )


def test_without_llvmlite_nothing_changes():
    hidden = (
        "import sys; sys.modules['llvmlite'] = None; import importlib.util as u; f = u.find_spec\n"
    )
    hidden += "u.find_spec = lambda n, *a: None if n == 'llvmlite' else f(n, *a)\ndel sys.modules['llvmlite']\n"
    env = {**os.environ, "DUALTAPE_EAGER_KERNELS": "1"}
    code = hidden + PROGRAM.format(awake=True, native=False)
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_cotangents_that_are_one_number_everywhere(rng):
    def with_weights(x):
        return F.layer_norm(x, x.shape[1:], torch.ones(x.shape[1:], dtype=x.dtype) * 2)

    for f in (torch.sin, torch.tanh, with_weights, *ROWWISE.values()):
        for shape in ((20, 31), (5, 300)):
            grads = []
            for least in (64, 1 << 60):
                gates.least.value = least
                x = torch.from_numpy(
                    np.random.default_rng(3).standard_normal(shape)
                ).requires_grad_()
                (f(x).sum() * 0.7).backward()
                grads.append(x.grad.numpy())
            gates.least.value = 64
            np.testing.assert_allclose(*grads, rtol=1e-10, atol=1e-12)
    repeated = [b for s in begin.sites for b in s.bound.values() if b and b.repeated]
    assert {s for b in repeated for _, s in b.repeated} >= {(16,), (1, 300)}
    (norm,) = sites("the pullback of layer_norm")
    assert any(b and b.repeated for b in norm.bound.values())


def test_no_primitive_comes_too_late_for_a_gate():
    code = """
import pkgutil, sys
from importlib import import_module
import dualtape.torch as torch
from dualtape.core.primitive import Primitive
torch.tensor(range(1 << 14))
from dualtape.compiler.eager import install
from dualtape.compiler.eager.supported import supports
import dualtape.ops as ops
gated = {id(g.primitive) for g in install.gated}
for m in pkgutil.iter_modules(ops.__path__):
    import_module(f"dualtape.ops.{m.name}")
print(sorted({p.name for p in install._primitives() if supports(p) and any(install._of(p)) and id(p) not in gated}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
