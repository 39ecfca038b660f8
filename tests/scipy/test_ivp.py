"""`solve_ivp`: SciPy's numbers, and derivatives against closed forms, differences and each other."""

import warnings

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch

scipy = pytest.importorskip("scipy.integrate")
TIGHT = {"rtol": 1e-9, "atol": 1e-11}


def decay(t, y, k):
    return -k * y


def oscillator(t, y, w):
    return [y[1], -(w**2) * y[0]]


def lotka_volterra(t, y, p):
    return [p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]]


def van_der_pol(t, y, mu):
    return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]


def decayed(k, y0=2.0, end=1.5, **options):
    y = dt.solve_ivp(decay, (0.0, end), [y0], args=(k,), t_eval=[end], **{**TIGHT, **options}).y
    return y[0, -1]


P, Y0, TIMES = np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0]), np.linspace(0, 3, 5)


def populations(y0, p, **options):
    y = dt.solve_ivp(lotka_volterra, (0, 3), y0, t_eval=TIMES, args=(p,), **{**TIGHT, **options}).y
    return np.sum(y**2)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "BDF", "LSODA", "RK23"])
def test_plain_numbers_are_scipys(method):
    given = {"method": method, "t_eval": TIMES, "rtol": 1e-6, "args": (P,)}
    ours = dt.solve_ivp(lotka_volterra, (0, 3), Y0, **given)
    scipys = scipy.solve_ivp(lotka_volterra, (0, 3), Y0, **given)
    assert type(ours) is type(scipys)
    np.testing.assert_allclose(ours.y, scipys.y, rtol=1e-5)  # Jacobians differ: ours are exact
    np.testing.assert_array_equal(ours.t, scipys.t)
    assert ours.success


def test_events_and_dense_output():
    def one(t, y, k):
        return y[0] - 1

    one.terminal = True
    out = dt.solve_ivp(decay, (0, 9), [2.0], args=(0.7,), events=one, dense_output=True, **TIGHT)
    assert out.t_events[0][0] == pytest.approx(np.log(2) / 0.7)
    assert out.sol(0.5)[0] == pytest.approx(2 * np.exp(-0.35))
    assert dt.solve_ivp(lambda t, y: 1j * y, (0, 1), [1 + 0j]).y[0, -1] == pytest.approx(
        np.exp(1j), rel=1e-2
    )


def test_decay_by_everything():
    got = dt.grad(decayed, (0, 1))(0.7, 2.0)
    want = -1.5 * 2 * np.exp(-1.05), np.exp(-1.05)
    np.testing.assert_allclose(got, want, rtol=1e-7)

    def ends(t):
        return dt.solve_ivp(decay, (0.0, t), [2.0], args=(0.7,), **TIGHT).y[0, -1]

    assert dt.grad(ends)(1.5) == pytest.approx(-0.7 * 2 * np.exp(-1.05), rel=1e-7)

    def starts(t):
        return dt.solve_ivp(decay, (t, 2.0), [2.0], args=(0.7,), t_eval=[2.0], **TIGHT).y[0, 0]

    for d in (dt.grad(starts)(0.5), dt.jvp(starts, (0.5,), (1.0,))[1]):
        assert d == pytest.approx(0.7 * 2 * np.exp(-1.05), rel=1e-7)

    def times(ts):
        return dt.solve_ivp(decay, (0, 2), [2.0], args=(0.7,), t_eval=ts, **TIGHT).y[0]

    jacobian = dt.jacobian(times)(np.array([0.5, 1.0]))
    np.testing.assert_allclose(
        jacobian, np.diag([-1.4 * np.exp(-0.35), -1.4 * np.exp(-0.7)]), atol=1e-8
    )


def test_any_order_and_any_nesting():
    second, third = 1.5**2 * 2 * np.exp(-1.05), -(1.5**3) * 2 * np.exp(-1.05)

    def f(k):
        return decayed(k, rtol=1e-6, atol=1e-8)

    slope = dt.grad(f)
    assert dt.grad(slope)(0.7) == pytest.approx(second, rel=1e-4)
    assert dt.jvp(slope, (0.7,), (1.0,))[1] == pytest.approx(second, rel=1e-4)
    assert dt.grad(lambda k: dt.jvp(f, (k,), (1.0,))[1])(0.7) == pytest.approx(second, rel=1e-4)
    third_by = dt.jvp(lambda k: dt.jvp(slope, (k,), (1.0,))[1], (0.7,), (1.0,))[1]
    assert third_by == pytest.approx(third, rel=1e-4)
    many = dt.vmap(slope)(np.array([0.7, 0.8]))
    np.testing.assert_allclose(many, [slope(0.7), slope(0.8)], rtol=1e-5)


def test_backwards_in_time():
    def f(k):
        return dt.solve_ivp(decay, (1.0, 0.0), [1.0], t_eval=[0.5, 0.0], args=(k,), **TIGHT).y[
            0, -1
        ]

    assert dt.grad(f)(0.7) == pytest.approx(np.exp(0.7), rel=1e-7)


def test_oscillator():
    def f(w):
        return dt.solve_ivp(oscillator, (0, 2), [1.0, 0.0], args=(w,), method="DOP853", **TIGHT).y[
            0, -1
        ]

    assert dt.grad(f)(3.0) == pytest.approx(-2 * np.sin(6.0), rel=1e-7)


@pytest.mark.parametrize("method", ["RK45", "BDF", "LSODA"])
def test_lotka_volterra_in_three_ways(method):
    adjoint = dt.grad(populations, (0, 1))(Y0, P, method=method)
    forward = dt.grad(populations, (0, 1))(Y0, P, method=method, gradient="forward")
    direction = np.array([0.3, -0.2]), np.array([1.0, 2.0, -1.0, 0.5])
    pushed = dt.jvp(lambda y, p: populations(y, p, method=method), (Y0, P), direction)[1]
    h = 1e-5
    ahead, behind = (
        [x + s * h * d for x, d in zip((Y0, P), direction, strict=True)] for s in (1, -1)
    )
    difference = (populations(*ahead) - populations(*behind)) / (2 * h)
    for g in (adjoint, forward):
        assert sum(np.sum(a * d) for a, d in zip(g, direction, strict=True)) == pytest.approx(
            difference, rel=1e-5
        )
    assert pushed == pytest.approx(difference, rel=1e-5)


def test_stiff():
    def end(mu, method):
        out = dt.solve_ivp(
            van_der_pol,
            (0, 1),
            [2.0, 0.0],
            t_eval=[1.0],
            args=(mu,),
            method=method,
            rtol=1e-7,
            atol=1e-9,
        )
        return out.y[0, 0]

    by_difference = (end(1010.0, "LSODA") - end(990.0, "LSODA")) / 20
    for method in ("BDF", "LSODA"):
        assert dt.grad(end)(1000.0, method) == pytest.approx(by_difference, rel=1e-3)
    assert dt.jvp(lambda m: end(m, "LSODA"), (1000.0,), (1.0,))[1] == pytest.approx(
        by_difference, rel=1e-3
    )


def test_tensors_of_a_dialect():
    k = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    y0 = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    y = dt.solve_ivp(decay, (0.0, 1.5), y0, args=(k,), **TIGHT).y
    assert isinstance(y, torch.Tensor)
    y[0, -1].backward()
    assert k.grad.item() == pytest.approx(-3 * np.exp(-1.05))
    assert y0.grad.item() == pytest.approx(np.exp(-1.05))
    net = torch.nn.Linear(2, 2)
    p = dict(net.named_parameters())

    def f(t, y, p):
        return torch.tanh(torch.func.functional_call(net, p, (y,)))

    out = dt.solve_ivp(f, (0.0, 1.0), torch.ones(2), args=(p,)).y
    assert out.dtype is torch.float32
    out[:, -1].sum().backward()
    assert net.weight.grad.abs().sum().item() > 0


def test_what_it_refuses():
    with pytest.raises(RuntimeError, match="args="):
        dt.grad(lambda k: dt.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], t_eval=[1.0]).y[0, 0])(
            0.7
        )
    with pytest.raises(RuntimeError, match="events and dense_output"):
        dt.grad(lambda k: decayed(k, dense_output=True))(0.7)
    with pytest.raises(RuntimeError, match="step size"):
        dt.grad(
            lambda k: dt.solve_ivp(lambda t, y, k: k * y * y, (0, 1), [2.0], args=(k,)).y[0, -1]
        )(9.0)
    with pytest.raises(ValueError, match="gradient"):
        decayed(0.7, gradient="magic")
    with pytest.raises(ValueError, match="returned shape"):
        dt.solve_ivp(lambda t, y: np.ones(3), (0, 1), [1.0])


def test_a_function_that_cannot_be_followed_still_runs():
    import math

    with pytest.warns(dt.GradientWarning, match="differences"):
        out = dt.solve_ivp(lambda t, y: [-math.sin(y[0])], (0, 1), [1.0], method="BDF")
    assert out.success


def test_what_is_called_often_is_compiled():
    pytest.importorskip("llvmlite")
    from dualtape.numpy import Array
    from dualtape.scipy.ivp_system import system

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dt.solve_ivp(lotka_volterra, (0, 30), Y0, args=(P,), rtol=1e-8)
    made, _ = system(lotka_volterra, (P,), Array, np.float64)
    assert list(made.rhs.compiled) == [((2,), (4,))]


def test_what_a_compiled_function_closes_over_may_change():
    factor = 1.0

    def f(t, y):
        return -factor * y

    ends = []
    for factor in (1.0, 2.0):  # noqa: B007 - read by f
        ends.append(dt.solve_ivp(f, (0, 1), [1.0], rtol=1e-10, atol=1e-12).y[0, -1])
    np.testing.assert_allclose(ends, np.exp([-1, -2]), rtol=1e-8)
