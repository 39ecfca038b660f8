"""Plain numbers out of arrays: allowed where the derivative stays right, an error naming the line elsewhere."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.core.errors import ConcreteError, DtypeError, MissingRuleError

HERE = "test_numbers.py"


def line_in(message, function):
    """The line of this file that a message names, as an offset from the function's first."""
    found = re.search(rf"{HERE}:(\d+) in {function.__name__}", message)
    assert found, message
    return int(found[1]) - function.__code__.co_firstlineno


def refused(f, x=None):
    with pytest.raises(ConcreteError) as caught:
        dt.grad(f)(np.array([1.0, 2.0]) if x is None else x)
    assert isinstance(caught.value, TypeError)
    return str(caught.value)


def to_float(x):
    y = x * 2
    return x[0] * float(y[1])


def to_complex(x):
    return (x[0] * complex(x[1])).real


def to_math(x):
    return x[0] * math.sin(x[1])


def to_item(x):
    return x[0] * x[1].item()


def to_list(x):
    return x[0] * x.tolist()[1]


def to_array(x):
    return np.array([x[0], x[1]]).sum()


def to_asarray(x):
    return np.asarray(x).sum()


def to_full(x):
    return np.full(3, x[0]).sum()


@pytest.mark.parametrize(
    ("f", "line", "words"),
    [
        (to_float, 2, "float(x)"), (to_complex, 1, "complex(x)"), (to_math, 1, "np.sin"), (to_item, 1, "x.item()"),
        (to_list, 1, "x.tolist()"), (to_array, 1, "np.stack"), (to_asarray, 1, "np.asarray"), (to_full, 1, "dt.numpy.full"),
    ],
)  # fmt: skip
def test_what_would_lose_the_derivative_names_the_line(f, line, words):
    message = refused(f)
    assert line_in(message, f) == line
    assert words in message
    assert "derivative would silently be lost" in message


def write_part(x):
    a = np.zeros(3)
    a[:2] = x
    return a.sum()


def write_picked(x):
    a = np.zeros(3)
    a[[0, 2]] = x
    return a.sum()


def write_out(x):
    a = np.zeros(2)
    np.sin(x, out=a)
    return a.sum()


def write_added(x):
    a = np.zeros(2)
    a += x
    return a.sum()


def write_copyto(x):
    a = np.zeros(2)
    np.copyto(a, x)
    return a.sum()


@pytest.mark.parametrize("f", [write_part, write_picked, write_out, write_added, write_copyto])
def test_writing_into_a_plain_array_names_the_line_and_dualtape_zeros(f):
    message = refused(f)
    assert line_in(message, f) == 2
    assert "dt.numpy.zeros" in message
    assert "plain NumPy array" in message


def write_element(x):
    a = np.zeros(3)
    a[0] = x[1]
    return a.sum()


@pytest.mark.parametrize(
    "transform", [dt.grad, dt.vmap, dt.jacobian, dt.hessian, dt.value_and_grad]
)
def test_writing_an_element_into_a_plain_array_names_the_line(transform):
    # NumPy puts an error of its own on top of ours, which is taken off again.
    with pytest.raises(ConcreteError, match=r"dt\.numpy\.zeros") as caught:
        transform(write_element)(np.ones((2, 2)) if transform is dt.vmap else np.ones(2))
    assert line_in(str(caught.value), write_element) == 2


def test_branches_follow_the_derivative():
    def f(x):
        if x > 0 and x != 3:
            return x**2
        return -x

    assert dt.grad(f)(2.0) == 4
    assert dt.grad(f)(-2.0) == -1
    assert dt.grad(f)(3.0) == -1
    assert dt.grad(dt.grad(f))(2.0) == 2
    y, dy = dt.jvp(f, (2.0,), (1.0,))
    assert (y, dy) == (4, 4)
    y, dy = dt.jvp(dt.grad(f), (2.0,), (1.0,))
    assert (y, dy) == (4, 2)
    assert dt.grad(lambda x: dt.jvp(f, (x,), (1.0,))[1])(2.0) == 2


def test_whole_numbers_are_piecewise_constant():
    def f(x):
        n = int(x)
        total = x * n + round(x) + math.floor(x) + math.ceil(x)
        for _ in range(n):
            total = total + x
        return total * [1, 2, 3][int(x) - 1]

    assert dt.grad(f)(2.5) == 2 * (2 + 2)
    assert dt.jvp(f, (2.5,), (1.0,))[1] == 2 * (2 + 2)


def test_printing_always_works():
    seen = []

    def f(x):
        seen.extend([f"{x[0]:.3f}", str(x), repr(x), repr(x[0])])
        return x.sum()

    x = np.array([1.0, 2.5])
    dt.grad(f)(x)
    dt.jvp(f, (x,), (x,))
    want = ["1.000", "[1.  2.5]", "Array([1. , 2.5])", "Array(1.0)"]
    assert seen == want * 2
    seen.clear()
    dt.vmap(f)(x[None])
    assert "inside a vmap" in seen[2]
    assert repr(dnp.zeros(2, np.float32)) == "Array([0., 0.], dtype=float32)"


def branch(x):
    if x > 0:
        return x
    return -x


def to_int(x):
    return x * int(x)


@pytest.mark.parametrize(("f", "what"), [(branch, "truth value"), (to_int, "int(x)")])
def test_a_batch_has_no_truth_value(f, what):
    with pytest.raises(ConcreteError) as caught:
        dt.vmap(f)(np.array([1.0, 2.0]))
    message = str(caught.value)
    assert line_in(message, f) == 1
    assert what in message
    assert "dt.cond" in message
    assert "np.where" in message


def test_float_of_a_batch_is_refused():
    with pytest.raises(
        ConcreteError, match=r"float\(x\).* is inside a vmap and has no single value"
    ):
        dt.vmap(lambda x: float(x))(np.ones(2))


@pytest.mark.parametrize(
    ("f", "what", "advice"),
    [
        (lambda x: np.sum([x[0], x[1]]), "np.sum of a list", "np.stack"),
        (lambda x: np.linalg.norm([x[0], x[1]]), "np.linalg.norm of a list", "np.stack"),
        (lambda x: np.fill_diagonal(np.zeros((2, 2)), x), "np.fill_diagonal of", "dt.numpy.array"),
        (lambda x: np.eye(2).dot(x).sum(), "np.asarray", "A @ x"),
        (
            lambda x: np.random.default_rng(0).normal(x[0], 1.0),
            "np.asarray",
            "m + s * rng.normal()",
        ),
    ],
)
def test_a_refusal_names_the_function_that_was_called(f, what, advice):
    with pytest.raises(ConcreteError) as caught:
        dt.grad(f)(np.ones(2))
    first, _, last = str(caught.value).splitlines()
    assert what in first
    assert advice in last


def test_a_refusal_inside_scipy_names_scipys_function():
    special = pytest.importorskip("scipy.special")
    integrate = pytest.importorskip("scipy.integrate")
    linalg = pytest.importorskip("scipy.linalg")
    stats = pytest.importorskip("scipy.stats")
    fft = pytest.importorskip("scipy.fft")
    sparse = pytest.importorskip("scipy.sparse")
    for f, name, instead in (
        (lambda x: special.logsumexp(x), "scipy.special.logsumexp", "dualtape.scipy.special.logsumexp"),
        (lambda x: linalg.expm(np.outer(x, x)).sum(), "scipy.linalg.expm", "dualtape.scipy.linalg.expm"),
        (lambda x: linalg.cholesky(np.outer(x, x)).sum(), "scipy.linalg.cholesky", "dualtape.scipy.linalg.cholesky"),
        (lambda x: stats.norm.logpdf(x).sum(), "scipy.stats.norm.logpdf", "dualtape.scipy.stats.norm.logpdf"),
        (lambda x: stats.norm(x[0]).cdf(1.0), "scipy.stats.norm.cdf", "dualtape.scipy.stats.norm.cdf"),
        (lambda x: stats.multivariate_normal.logpdf(x), "scipy.stats.multivariate_normal.logpdf", "dualtape.scipy.stats."),
        (lambda x: fft.rfft(x).sum(), "scipy.fft.rfft", "np.fft.rfft"),
        (lambda x: (sparse.csr_matrix(np.eye(2)) @ x).sum(), "a function of SciPy", "A.toarray() @ x"),
        (lambda x: integrate.quad(lambda t: t * x[0], 0, 1)[0], "scipy.integrate.quad", "dt.custom_rule"),
        (lambda x: integrate.solve_ivp(lambda t, y: -x[:1] * y, (0, 1), [1.0]).y.sum(), "scipy.integrate.solve_ivp", "dt.custom_rule"),
    ):  # fmt: skip
        with pytest.raises(ConcreteError) as caught:
            dt.grad(f)(np.ones(2))
        assert str(caught.value).partition(" computes with plain numbers")[0] == name
        assert instead in str(caught.value)


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_masked_array_or_a_matrix_does_not_lose_its_own_rules():
    x = np.ones(3)
    for f in (
        lambda x: np.sum(x * MASKED), lambda x: np.subtract(x, MASKED).sum(), lambda x: np.sum(np.stack([x, MASKED])),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"masked arrays are not followed.*np\.where"):
            dt.grad(f)(x)
    with pytest.raises(TypeError, match="masked arrays are not followed"):
        dt.grad(np.sum)(MASKED)
    with pytest.raises(TypeError, match=r"numpy\.matrix is not followed"):
        dt.grad(lambda x: np.sum(x * np.asmatrix(np.eye(3))))(x)
    with pytest.raises(TypeError, match=r"numpy\.matrix is not followed"):
        dt.jacobian(lambda m: m * m)(np.asmatrix(np.eye(3)))


def test_an_array_of_objects_does_not_make_the_gradient_zero():
    objects = np.array([1, 2, 3], dtype=object)
    with pytest.raises(DtypeError, match=r"x\.astype\(float\)"):
        dt.grad(lambda x: np.sum(x * objects))(np.ones(3))
    with pytest.raises(DtypeError, match="dtype object"):
        dt.grad(lambda x: np.sum(np.add(x, [Fraction(1, 3)] * 3)))(np.ones(3))


def test_a_gradient_beside_an_array_subclass_is_a_plain_array():
    class Marked(np.ndarray):
        pass

    marked = np.arange(3.0).view(Marked)
    got = dt.grad(lambda x: np.sum(x * marked))(np.ones(3).view(Marked))
    assert type(got) is np.ndarray
    assert got.tolist() == [0.0, 1.0, 2.0]

    def overwritten(x):
        y = np.sum(np.sin(x) * marked)
        marked[:] = 7.0
        return y

    want = np.cos(1.0) * np.arange(3.0)
    np.testing.assert_allclose(dt.grad(overwritten)(np.ones(3)), want)


def test_undifferentiated_arrays_convert_freely():
    a = dnp.array([1.5, 2.5])
    assert float(a[0]) == 1.5
    assert math.sin(a[1]) == math.sin(2.5)
    assert a.tolist() == [1.5, 2.5]
    assert a[0].item() == 1.5
    assert type(np.asarray(a)) is np.ndarray
    b = np.zeros(2)
    b[0] = a[1]
    b[1:] = a[:1]
    assert b.tolist() == [2.5, 1.5]

    def f(x):  # inside a function too
        return x * float(a[0]) + math.cos(dnp.ones(2)[0])

    assert dt.grad(f)(1.0) == 1.5


def test_functions_that_return_no_arrays():
    def f(x):
        assert np.shape(x) == (2,)
        assert np.ndim(x) == 1
        assert np.size(x) == 2
        assert np.allclose(x, [1, 2])
        assert np.array_equal(x, [1, 2])
        assert np.result_type(x, np.float32) == np.float64
        assert np.isscalar(x) is False
        assert np.iscomplexobj(x) is False
        assert np.argmax(x) == 1
        assert np.count_nonzero(x) == 2
        assert list(np.argsort(-x)) == [1, 0]
        assert np.searchsorted(x, 1.5) == 1
        assert np.any(x > 1)
        assert (x > 0).all()
        assert 2.0 in x
        assert len(x) == 2
        assert [float(b) for b in x > 1] == [0.0, 1.0]
        return x.sum()

    x = np.array([1.0, 2.0])
    assert dt.grad(f)(x).tolist() == [1, 1]
    assert dt.jvp(f, (x,), (x,))[1] == 3


def test_what_is_not_covered_says_so():
    with pytest.raises(MissingRuleError, match=r"docs/numpy\.md"):
        dt.grad(lambda x: np.setdiff1d(x, [1.0]).sum())(np.array([1.0, 2.0]))
    assert np.setdiff1d(dnp.array([1.0, 2.0]), [1.0]).tolist() == [2.0]


def test_nested_derivatives_by_other_arguments_come_out_as_plain_numbers():
    def f(x, y):
        return (x * y) ** 2 + y * y * x**3

    for inner in (dt.grad(f, 1), lambda x, y: dt.jacobian(lambda y: f(x, y))(y)):
        mixed = dt.grad(lambda x, inner=inner: inner(x, 0.4))(0.1)
        assert isinstance(mixed, np.float64)
        np.testing.assert_allclose(mixed, 4 * 0.1 * 0.4 + 6 * 0.4 * 0.1**2)


def test_noise_for_each_example_of_a_batch_is_passed_in():
    """As docs/numpy.md says; draws inside are refused (`tests/transforms/test_draws.py`)."""
    rows = np.zeros((4, 2))
    noise = np.random.default_rng(0).normal(size=(4, 2))
    assert len(np.unique(dt.vmap(lambda x, noise: x + noise)(rows, noise))) == 8


def test_scalars_under_differentiation_have_no_axes():
    def f(x):
        assert np.isscalar(x[0]) is False
        assert np.ndim(x[0]) == np.ndim(x.sum()) == 0
        return x.sum()

    dt.grad(f)(np.ones(2))
    dt.vmap(f)(np.ones((2, 2)))


def test_a_list_of_numbers_is_no_batch():
    with pytest.raises(ValueError, match=r"np\.array"):
        dt.vmap(lambda x: x * 2)([1.0, 2.0])


@pytest.mark.parametrize(
    ("window", "axis"), [((3,), 1), ((2, 3), None), (2, 0), ((2, 2), (1, 1)), ((2, 3), (-1, 0))]
)
def test_sliding_windows(window, axis):
    windows = np.lib.stride_tricks.sliding_window_view
    x, v = np.random.default_rng(0).normal(size=(2, 4, 5))
    c = np.cos(np.arange(windows(x, window, axis).size)).reshape(windows(x, window, axis).shape)

    def f(x):
        return np.sum(np.sin(windows(x * 1.0, window, axis)) * c)

    y, dy = dt.jvp(f, (x,), (v,))
    assert y == f(x)
    np.testing.assert_allclose(dy, (f(x + 1e-6 * v) - f(x - 1e-6 * v)) / 2e-6, rtol=1e-7)
    np.testing.assert_allclose(np.sum(dt.grad(f)(x) * v), dy, rtol=1e-12)
    np.testing.assert_allclose(dt.vmap(f)(np.stack([x, v])), [f(x), f(v)], rtol=1e-13)


def test_numpys_own_python_is_named_with_what_to_do():
    polyval = np.polynomial.polynomial.polyval
    with pytest.raises(ConcreteError, match=r"np\.vectorize: .*\n.*\n  Instead, use dt\.vmap"):
        dt.grad(lambda x: np.sum(np.vectorize(lambda q: q * q)(x)))(np.ones(3))
    with pytest.raises(ConcreteError, match=r"np\.polynomial\.polynomial\.polyval: "):
        dt.grad(lambda c: polyval(0.7, c))(np.ones(3))
