"""Functions with rules of their own, under every nesting; and rules that are wrong."""

import numpy as np
import pytest

import dualtape as dt
from dualtape.core import modes
from dualtape.core.errors import RuleError, TransformError

_RNG = np.random.default_rng(0)
X, Y, V = _RNG.normal(size=3), _RNG.normal(size=3) + 3, _RNG.normal(size=3)
total = np.sum

NESTINGS = {
    "grad": lambda f: dt.grad(lambda x: total(f(x, Y) * x)),
    "grad of the second": lambda f: dt.grad(lambda y: total(f(X, y) * y)),
    "jvp": lambda f: lambda x: dt.jvp(lambda x: f(x, Y), (x,), (V,))[1],
    "hessian": lambda f: dt.hessian(lambda x: total(f(x, Y) * x)),
    "grad grad": lambda f: dt.grad(lambda x: total(dt.grad(lambda x: total(f(x, Y) * x))(x) * x)),
    "jvp jvp": lambda f: (
        lambda x: dt.jvp(lambda x: dt.jvp(lambda x: f(x, Y), (x,), (V,))[1], (x,), (Y,))[1]
    ),
    "jvp grad": lambda f: lambda x: dt.jvp(dt.grad(lambda x: total(f(x, Y) * x)), (x,), (V,))[1],
    "grad jvp": lambda f: dt.grad(
        lambda x: total(dt.jvp(lambda x: f(x, Y), (x,), (V * x,))[1] * x)
    ),
    "vmap": lambda f: lambda x: dt.vmap(lambda a, b: f(a, b) * a)(x, Y),
    "vmap over one": lambda f: lambda x: dt.vmap(lambda a: f(a, Y[1]) * a)(x),
    "grad vmap": lambda f: dt.grad(lambda x: total(dt.vmap(lambda a, b: f(a, b) * a)(x, Y))),
    "vmap grad": lambda f: lambda x: dt.vmap(dt.grad(lambda a, b: f(a, b) * a))(x, Y),
    "vmap hessian": lambda f: lambda x: dt.vmap(dt.hessian(lambda a, b: f(a, b) * a))(x, Y),
    "grad vmap grad": lambda f: dt.grad(
        lambda x: total(dt.vmap(dt.grad(lambda a, b: f(a * total(x), b) * a))(x, Y))
    ),
    "vmap vmap": lambda f: lambda x: dt.vmap(lambda a: dt.vmap(lambda b: f(a, b))(Y))(x),
    "grad vmap vmap grad": lambda f: dt.grad(
        lambda x: total(dt.vmap(lambda a: dt.vmap(dt.grad(lambda b: f(a, b) * b))(Y))(x))
    ),
    "linearize": lambda f: lambda x: dt.linearize(lambda x: f(x, Y), x)[1](V),
    "jacrev": lambda f: dt.jacrev(lambda x: f(x, Y) * x),
    "jacfwd jacrev": lambda f: dt.jacfwd(dt.jacrev(lambda x: f(x, Y) * x)),
    "jacrev jacrev": lambda f: dt.jacrev(dt.jacrev(lambda x: f(x, Y) * x)),
    "jacrev jacfwd": lambda f: dt.jacrev(dt.jacfwd(lambda x: f(x, Y) * x)),
    "jet": lambda f: lambda x: np.stack(dt.jet(lambda x: f(x, Y), (x,), ([V, Y, x],))[1]),
    "grad jet": lambda f: dt.grad(lambda x: total(dt.jet(f, (x, Y), ([V, x], [x, V]))[1][1])),
    "jet grad": lambda f: (
        lambda x: np.stack(dt.jet(dt.grad(lambda x: total(f(x, Y) * x)), (x,), ([V, Y],))[1])
    ),
    "vmap jet": lambda f: dt.vmap(lambda a: dt.jet(lambda a: f(a, Y[0]), (a,), ([a, 1.0],))[1][1]),
    "jet vmap": lambda f: lambda x: dt.jet(dt.vmap(lambda a: f(a, Y[0])), (x,), ([x, V],))[1][1],
    "jvp jet": lambda f: (
        lambda x: dt.jvp(lambda x: dt.jet(lambda x: f(x, Y), (x,), ([V, Y],))[1][1], (x,), (V,))[1]
    ),
    "jet jet": lambda f: (
        lambda x: dt.jet(
            lambda x: dt.jet(lambda x: f(x, Y), (x,), ([V, Y],))[1][1], (x,), ([V, x],)
        )[1][1]
    ),
}


def number(x):
    """A result as an array, whatever history it still has."""
    return np.asarray(getattr(x, "value", x))


def plain(x, y):
    return np.sin(x) * y + x * x


def slopes(x, y):
    return np.cos(x) * y + 2 * x, np.sin(x)


def by_defjvp():
    f = dt.custom_rule(plain)

    @f.defjvp
    def rule(primals, dots):
        a, b = slopes(*primals)
        return f(*primals), a * dots[0] + b * dots[1]

    return f


def fwd_bwd(f):
    def fwd(x, y):
        return f(x, y), (x, np.cos(x), y)

    def bwd(kept, ct):
        x, c, y = kept
        return (c * y + 2 * x) * ct, np.sin(x) * ct

    f.defvjp(fwd, bwd)
    return f


def by_jvp():
    def jvp(out, args, dots):
        a, b = slopes(*args)
        return a * dots[0] + b * dots[1]

    return dt.custom_rule(plain, jvp=jvp)


def by_vjp():  # with the output among the residuals
    def vjp(out, args, ct):
        x, y = args
        return (np.cos(x) * y + 2 * x) * ct, (out - x * x) / y * ct

    return dt.custom_rule(plain, vjp=vjp)


def again(f):
    return dt.checkpoint(f)


def again_inside():
    return dt.checkpoint(
        lambda x, y: dt.checkpoint(lambda x: np.sin(x) * y)(x) + dt.checkpoint(np.square)(x)
    )


FORMS = {
    "defjvp": by_defjvp,
    "defvjp": lambda: fwd_bwd(dt.custom_rule(plain)),
    "both": lambda: fwd_bwd(by_defjvp()),
    "jvp": by_jvp,
    "vjp": by_vjp,
    "checkpoint": lambda: dt.checkpoint(plain),
    "checkpoint in checkpoint": again_inside,
    "checkpoint with a policy": lambda: dt.checkpoint(plain, policy=lambda name, *_: name == "sin"),
    "checkpoint of a custom rule": lambda: dt.checkpoint(fwd_bwd(dt.custom_rule(plain))),
    "custom rule of a checkpoint": lambda: fwd_bwd(dt.custom_rule(dt.checkpoint(plain))),
    "cond": lambda: (
        lambda x, y: dt.cond(np.sum(y) > 0, lambda x, y: plain(x, y), lambda x, y: x * y, x, y)
    ),
    "fori_loop": lambda: lambda x, y: dt.fori_loop(0, 1, lambda i, s: s + plain(x, y), 0.0 * x * y),
}
WANTED = {}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("nesting", NESTINGS)
def test_nested_as_the_plain_function(form, nesting):
    transform = NESTINGS[nesting]
    if nesting not in WANTED:
        WANTED[nesting] = number(transform(plain)(X))
    got = transform(FORMS[form]())(X)
    np.testing.assert_allclose(number(got), WANTED[nesting], rtol=1e-8, atol=1e-12)
    assert modes.depth() == 0
    assert modes.current() == 0


WRONG = {
    "vjp": {"vjp": lambda out, a, ct: ((np.cos(a[0]) * a[1] + 3 * a[0]) * ct, np.sin(a[0]) * ct)},
    "jvp": {"jvp": lambda out, a, d: slopes(*a)[0] * d[0] * 1.01 + slopes(*a)[1] * d[1]},
}


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_rule_is_found_at_the_first_call(rule):
    f = dt.custom_rule(plain, **WRONG[rule])
    with pytest.raises(RuleError, match=rf"the {rule} rule disagrees.*argument 0 \(x\)\n.*\d"):
        dt.grad(lambda x: total(f(x, Y)))(X)
    assert modes.depth() == 0
    assert modes.current() == 0


def test_a_wrong_rule_is_found_when_it_is_registered():
    with pytest.raises(RuleError, match="plain: the vjp rule disagrees"):
        dt.custom_rule(plain, check=(X, Y), **WRONG["vjp"])
    f = dt.custom_rule(
        plain, check=(X, Y), jvp=lambda o, a, d: slopes(*a)[0] * d[0] + slopes(*a)[1] * d[1]
    )
    with pytest.raises(RuleError, match="two rules disagree"):
        dt.custom_rule(plain, check=(X, Y), jvp=f.simple_jvp, **WRONG["vjp"])


def test_the_check_can_be_off():
    reverse = dt.custom_rule(lambda x: 1.0 * x, vjp=lambda out, a, ct: (-ct,), check=False)
    assert dt.grad(reverse)(2.0) == -1.0
    assert dt.jvp(reverse, (2.0,), (1.0,))[1] == -1.0


def test_a_kink_is_no_reason_to_complain():
    relu = dt.custom_rule(lambda x: np.maximum(x, 0.0), vjp=lambda out, a, ct: (ct * (a[0] > 0),))
    np.testing.assert_array_equal(
        dt.grad(lambda x: np.sum(relu(x)))(np.array([-1.0, 0.0, 2.0])), [0, 0, 1]
    )


def test_rules_of_the_wrong_form():
    for vjp, message in (
        (lambda o, a, ct: (ct,), "each of 2 arguments, got 1"),
        (lambda o, a, ct: (ct[:1], ct), r"shape \[1\] for operand 0"),
        (lambda o, a, ct: ((ct, ct), ct), "structure does not match"),
    ):
        with pytest.raises(RuleError, match=message):
            dt.grad(lambda x, vjp=vjp: total(dt.custom_rule(plain, vjp=vjp)(x, Y)))(X)
    with pytest.raises(TypeError, match="no rule yet"):
        dt.custom_rule(plain)(X, Y)


def test_closing_over_what_is_differentiated_is_refused():
    def loss(w):
        f = dt.custom_rule(lambda x: x * w, jvp=lambda o, a, d: d[0] * w)
        return dt.grad(f)(3.0)

    assert dt.grad(lambda w: w * loss(2.0))(2.0) == 2.0
    with pytest.raises(TransformError, match="closes over a value"):
        dt.grad(loss)(2.0)


def test_settings_trees_and_several_outputs():
    @dt.custom_rule(nondiff_argnums=(1,))
    def f(p, n, q=2.0):
        return {"power": p["x"] ** n * q, "sum": (p["x"] + q, 3)}

    f.defvjp(
        lambda p, n, q: (f(p, n, q), (p, q)),
        lambda n, kept, ct: (
            {"x": ct["power"] * n * kept[0]["x"] ** (n - 1) * kept[1] + ct["sum"][0]},
            ct["power"] * kept[0]["x"] ** n + ct["sum"][0],
        ),
    )
    got = dt.grad(lambda x, q: f({"x": x}, 3, q=q)["power"] + f({"x": x}, 3, q)["sum"][0], (0, 1))(
        2.0, 5.0
    )
    assert [float(g) for g in got] == [61.0, 9.0]
    assert dt.jvp(lambda x: f({"x": x}, 2)["sum"][0], (2.0,), (1.0,)) == (4.0, 1.0)


def test_black_boxes_run_example_by_example():
    def black_box(x):
        return np.array([float(v) ** 2 for v in x])

    f = dt.custom_rule(black_box, vjp=lambda out, a, ct: (2 * a[0] * ct,), by_slices=True)
    xs = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(dt.vmap(f)(xs), xs**2)
    np.testing.assert_array_equal(dt.grad(lambda xs: np.sum(dt.vmap(f)(xs)))(xs), 2 * xs)
    np.testing.assert_array_equal(dt.vmap(dt.grad(lambda x: np.sum(f(x))))(xs), 2 * xs)


def test_complex_rules():
    f = dt.custom_rule(lambda z: z * z, vjp=lambda out, a, ct: (2 * np.conj(a[0]) * ct,))
    z = np.array([1.0 + 2j, -0.5 + 1j])
    for transform in (
        lambda f: dt.grad(lambda z: np.sum(np.abs(f(z))))(z),
        lambda f: dt.jvp(f, (z,), (1j * z,))[1],
    ):
        np.testing.assert_allclose(transform(f), transform(lambda z: z * z), rtol=1e-9)


def test_torch_tensors_keep_their_class():
    import dualtape.torch as torch

    f = dt.custom_rule(
        lambda x, y: torch.sin(x) * y,
        vjp=lambda o, a, ct: (torch.cos(a[0]) * a[1] * ct, torch.sin(a[0]) * ct),
    )
    x = torch.tensor([0.3, 0.5], requires_grad=True, dtype=torch.float64)
    w = torch.tensor([2.0, 3.0], requires_grad=True, dtype=torch.float64)
    out = dt.checkpoint(lambda x: f(x, w) * w)(x)
    assert type(out) is torch.Tensor
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos([0.3, 0.5]) * [4.0, 9.0])
    np.testing.assert_allclose(w.grad.numpy(), 2 * np.sin([0.3, 0.5]) * [2.0, 3.0])


def test_exceptions_leave_nothing_behind():
    def fails(*_):
        raise KeyError("here")

    f = dt.custom_rule(plain, jvp=fails)
    g = dt.custom_rule(plain, vjp=fails, check=False)
    for call in (
        lambda: dt.grad(lambda x: total(f(x, Y)))(X),
        lambda: dt.hessian(lambda x: total(g(x, Y)))(X),
        lambda: dt.vmap(dt.grad(lambda x: dt.checkpoint(fails)(x)))(X),
        lambda: dt.jet(lambda x: fails(x), (X,), ([X],)),
        lambda: dt.vmap(lambda x: dt.cond(x > 0, fails, fails, x))(X),
        lambda: dt.vmap(lambda x: dt.while_loop(lambda s: s < 9, fails, x))(X),
        lambda: dt.grad(lambda x: dt.scan(fails, x, X)[0])(1.0),
        lambda: dt.grad(dt.implicit.root(fails, lambda a: a))(1.0),
    ):
        with pytest.raises(KeyError):
            call()
        assert modes.depth() == 0
        assert modes.current() == 0


def test_a_rule_that_was_found_wrong_is_checked_again():
    f = dt.custom_rule(np.sin, jvp=lambda out, args, dots: np.sin(args[0]) * dots[0])
    for call in (lambda: dt.jvp(f, (0.3,), (1.0,)), lambda: dt.grad(f)(0.3)):
        with pytest.raises(RuleError, match="jvp rule disagrees"):
            call()


@pytest.mark.parametrize("argument", [3.0, np.array(3.0)])
def test_compiled_rules_that_close_over_differentiated_values(argument):
    def f(t):
        return dt.custom_rule(lambda x: x * t, jvp=lambda out, args, dots: t * dots[0])(t * 1.0)

    for compiled in (
        dt.jit(dt.grad(f)),
        dt.jit(lambda t: dt.jvp(f, (t,), (t,))[1]),
        dt.grad(dt.jit(f)),
    ):
        with pytest.raises(TransformError, match="closes over a value"):
            compiled(argument)
    assert dt.jit(f)(argument) == 9.0


def test_a_rule_of_a_ufunc_has_its_operands_as_arguments():
    f = dt.custom_rule(np.sin, vjp=lambda out, args, ct: (np.cos(args[0]) * ct,))
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(X), np.cos(X))
    g = dt.custom_rule(np.multiply, jvp=lambda out, args, d: args[1] * d[0] + args[0] * d[1])
    np.testing.assert_allclose(dt.grad(g, (0, 1))(2.0, 3.0), (3.0, 2.0))


# --- the check, wherever the first call is ---------------------------------------------------------------

WHERE = {
    "vmap": lambda f: dt.vmap(dt.grad(f)),
    "beneath vmap": lambda f: dt.grad(lambda x: np.sum(dt.vmap(f)(x))),
    "nested vmap": lambda f: lambda x: dt.vmap(dt.vmap(dt.grad(f)))(x[:, None]),
    "vmap, by slices": lambda f: dt.vmap(dt.grad(f)),
    "jvp of vmap": lambda f: lambda x: dt.jvp(dt.vmap(f), (x,), (x,)),
    "hessian": lambda f: dt.hessian(lambda x: np.sum(f(x))),
    "jit": lambda f: dt.jit(dt.grad(lambda x: np.sum(f(np.exp(x) + 1.0)))),
    "jit of vmap": lambda f: dt.jit(dt.vmap(dt.grad(f))),
    "jit of vmap of a batch": lambda f: dt.jit(
        lambda x: dt.vmap(dt.grad(lambda a: f(a * x[0])))(x)
    ),
    "grad of jit": lambda f: dt.grad(lambda x: np.sum(dt.jit(f)(x))),
    "scan": lambda f: dt.grad(
        lambda x: np.sum(dt.scan(lambda c, _: (f(c), c), x, np.arange(2.0))[0])
    ),
    "checkpoint": lambda f: dt.grad(lambda x: np.sum(dt.checkpoint(f)(x))),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.filterwarnings(
    "ignore"
)  # of jit, which runs a function eagerly where its trace raised
def test_a_wrong_rule_is_found_at_the_first_call_wherever_it_is(where):
    by_slices = "slices" in where
    wrong = dt.custom_rule(
        lambda x: x * x, vjp=lambda out, args, ct: (3 * args[0] * ct,), by_slices=by_slices
    )
    with pytest.raises(RuleError, match="disagrees"):
        WHERE[where](wrong)(np.array([1.0, 2.0, 3.0]))
    assert not wrong.checked


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.filterwarnings("error")
def test_a_right_rule_passes_and_is_checked_once(where):
    runs = []

    def f(x):
        if "jit" not in where:  # which would take it for a reason not to compile
            runs.append(1)
        return x * x

    right = dt.custom_rule(f, vjp=lambda out, args, ct: (2 * args[0] * ct,), by_slices="slices" in where)  # fmt: skip
    plain = WHERE[where](lambda x: x * x)
    run, x = WHERE[where](right), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(run(x), plain(x))
    assert right.checked
    before = len(runs)
    run(x)
    assert len(runs) - before <= 6


@pytest.mark.filterwarnings("error")
def test_the_check_sees_the_numbers_of_the_traced_call():
    """Whose domain random numbers would miss: behind other operations, and with lengths left open."""
    domain = []

    def f(x):
        if isinstance(x, np.ndarray):
            domain.append(float(np.min(x)))
        return np.log(x - 100.0)

    log = dt.custom_rule(f, vjp=lambda out, args, ct: (ct / (args[0] - 100.0),))
    w = np.array(200.0)
    run = dt.jit(dt.grad(lambda x: np.sum(log(w + x * x))))
    for n in (2, 3, 5):
        x = np.linspace(1.0, 2.0, n)
        np.testing.assert_allclose(run(x), 2 * x / (100.0 + x * x))
    assert log.checked
    assert domain
    assert min(domain) > 190.0


def test_a_rule_in_the_body_of_a_compiled_loop_still_runs():
    square = dt.custom_rule(lambda x: x * x, vjp=lambda out, args, ct: (2 * args[0] * ct,))
    run = dt.jit(dt.grad(lambda x: np.sum(dt.fori_loop(0, 2, lambda i, c: square(c), x))))
    x = np.array([1.0, 1.5])
    np.testing.assert_allclose(run(x), 4 * x**3)


def test_an_exception_in_a_rule_says_that_it_was_being_checked():
    broken = dt.custom_rule(lambda x: x * x, vjp=lambda out, args, ct: ([][0],))
    with pytest.raises(IndexError) as caught:
        dt.grad(broken)(1.0)
    assert "held against the function" in caught.value.__notes__[0]
