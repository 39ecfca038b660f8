"""Python's control flow in `tf.function`: what tensors decide becomes part of the program, with the same results."""

import traceback

import numpy as np
import pytest

import dualtape.tensorflow as tf
from dualtape.compiler.jit import Compiled, CompileError
from dualtape.tensorflow.autograph import converted

# ruff: noqa: SIM108 - statements are what is tested

C = tf.constant


def compiled(f):
    return Compiled(converted(f), True, "numpy", "tf.function")


def same(a, b):
    tf.nest.map_structure(
        lambda x, y: np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-6), a, b
    )


def simple(x):
    if x > 0:
        y = x * 2
    else:
        y = x - 1
    return y


def returning(x):
    if x > 10:
        return x
    elif x > 5:
        return x * 2
    x = x + 1
    if x > 2:
        return x * 3
    return x * 4


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def jumping(x):
    s = C(0.0)
    for i in tf.range(10):
        if i == 3:
            continue
        if s > 20:
            break
        s += x * tf.cast(i, tf.float32)
    return s


def over_elements(xs):
    s = 0.0
    for x in xs:
        s = s + x if x > 0 else s
    return s


def mixed(x, n):
    for i in range(3):
        x = x + i
    t = C(0)
    for i in tf.range(n):
        t += i
    for i in range(1, n, 2):
        t += i
    return x * tf.cast(t, tf.float32)


def helper(x):
    if tf.reduce_sum(x) > 0:
        return x
    return -x


class Model:
    def __init__(self):
        self.k = 2.0

    def go(self, x):
        if (x > 1 and x < 5) or not x > -3:
            x = x * self.k
        return helper(x)


class Derived(Model):
    def go(self, x):
        while x < 50:
            x = super().go(x) + 1
        return x


MODEL, DERIVED = Model(), Derived()


def calling(x):
    return MODEL.go(x)


def calling_super(x):
    return DERIVED.go(x)


def returning_from_a_loop(x):
    while x < 10:
        x = x * 2
        if x > 5:
            return x
    return x * 0


def endless(x):
    while True:
        x = x * 2
        if x > 5:
            break
    return x


def first_set_in_a_loop(x):
    while x < 3:
        x = x + 1
        y = x
    return y


def structures(x):
    a, b = x, x * 2
    while a < 100:
        a, b = b, a + b
    d = {"s": a}
    if a > b:
        d = {"s": b}
    return d, (a, b)


def expressions(x):
    y = x * 2 if x > 0 else -x
    z = 1 < x < 3
    return tf.where(z, y, 0.0)


def python_lists(x):
    found = []
    for i in range(3):
        found.append(x * i)
    return tf.stack(found)


def nested(x):
    while x < 100:
        y = x
        while y < 50:
            y = y * 2
            if y > 30:
                break
        x = x + y
    return x


def functions_inside(x):
    f = lambda z: z * 2 if z > 0 else z  # noqa: E731

    def g(z):
        if z > 3:
            return f(z)
        return z

    return g(x)


def arrays(x):
    ta = tf.TensorArray(tf.float32, size=5)
    for i in tf.range(5):
        x = x * 2
        ta = ta.write(i, [x, x + 1])
    return ta.stack(), ta.read(2)


def reading_arrays(x):
    ta = tf.TensorArray(tf.float32, size=x.shape[0]).unstack(x)
    s = 0.0
    i = 0
    while i < ta.size() and s < 3:
        s = s + ta.read(i)
        i += 1
    return s


def numbers(*values):
    return [(C(float(v)),) for v in values]


PROGRAMS = [
    (simple, numbers(1, -1)),
    (returning, numbers(11, 7, 4, 0)),
    (collatz, [(C(27),), (C(1),)]),
    (jumping, numbers(1, 5)),
    (over_elements, [(C([1.0, -2.0, 3.0]),)]),
    (mixed, [(C(1.0), C(5)), (C(1.0), C(0))]),
    (calling, numbers(2, 6, -2, -4)),
    (calling_super, numbers(2, 60)),
    (returning_from_a_loop, numbers(1, 20)),
    (endless, numbers(1)),
    (first_set_in_a_loop, numbers(1)),
    (structures, numbers(1)),
    (expressions, numbers(2, -2)),
    (python_lists, numbers(2)),
    (nested, numbers(2)),
    (functions_inside, numbers(2, 5)),
    (arrays, numbers(2)),
    (reading_arrays, [(C([1.0, 2.0, 3.0, 4.0]),)]),
]


@pytest.mark.parametrize(("f", "calls"), PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))
def test_results_are_pythons(f, calls):
    run = compiled(f)
    for args in calls:
        want = f(*args)
        for _ in range(2):
            same(want, run(*args))


def test_one_trace_serves_both_ways_and_any_number_of_steps():
    @tf.function
    def f(n):
        s = 0
        for i in tf.range(n):
            if i % 2 == 0:
                s += i
        return s

    assert [int(f(C(n))) for n in (10, 11, 0)] == [20, 30, 0]
    assert f.experimental_get_tracing_count() == 1


def test_variables_are_written_to_in_loops_and_conditions():
    v = tf.Variable(1.0)

    def f(x):
        for _ in tf.range(3):
            v.assign_add(x)
        if x > 0:
            v.assign(v * 2)
        return v + 0.0

    def outcome(f):
        v.assign(1.0)
        return [(float(f(C(x))), float(v)) for x in (2.0, -1.0, 2.0)]

    assert outcome(compiled(f)) == outcome(f)


def test_a_training_loop_is_one_operation():
    w = tf.Variable([1.0, 2.0])

    def train(x, y):
        for _ in tf.range(20):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((w * x - y) ** 2)
            w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    def outcome(f):
        w.assign([1.0, 2.0])
        return f(C([1.0, 0.5]), C([2.0, 3.0])), w.numpy()

    run = compiled(train)
    same(outcome(run), outcome(train))
    assert [c.primitive.name for c in run.graph().calls] == ["while_loop"]


def test_gradients_go_through_what_tensors_decided():
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            while y < 50:
                y = y * x if y > 5 else y * y
        return tape.gradient(y, x)

    run = compiled(f)
    for x in numbers(1.5, 3.0, 60.0):
        same(run(*x), f(*x))


def test_functions_of_the_library_do_the_same():
    def f(x):
        a = tf.cond(x > 0, lambda: {"a": x * 2}, lambda: {"a": x - 1})
        b = tf.case([(x > 0.5, lambda: x * 2), (x > 0, lambda: x * 3)], default=lambda: -x)
        i = tf.cast(x, tf.int32)
        c = tf.switch_case(i, [lambda: C(1.0), lambda: C(2.0), lambda: C(3.0)])
        d = tf.while_loop(lambda i, x: i < 10, lambda i, x: (i + 1, x * 1.5), (C(0), x))
        e = tf.while_loop(lambda x: x < 9, lambda x: x + 1, [x], maximum_iterations=4)
        return a, b, c, d, e

    run = compiled(f)
    for x in numbers(1, -1, 0.2, 2, 5):
        same(run(*x), f(*x))


def test_functions_over_elements():
    def f(x):
        signature = (tf.float32, tf.float32)
        a = tf.map_fn(lambda e: (e * 2, tf.reduce_sum(e)), x, fn_output_signature=signature)
        b = tf.scan(lambda a, e: a * 0.5 + e, x, initializer=tf.zeros(2))
        c = tf.scan(lambda a, e: a * e, x)
        d = tf.foldl(lambda a, e: a - e, x, initializer=tf.ones(2))
        e = tf.foldr(lambda a, e: a * 0.5 + e, x, initializer=tf.ones(2))
        return a, b, c, d, e

    x = C([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    same(compiled(f)(x), f(x))


def undefined(x):
    if x > 0:
        y = x
    return y


def no_return(x):
    if x > 0:
        return x
    x = x + 1


def dtypes(x):
    if x > 0:
        y = 1
    else:
        y = 2.0
    return y


def growing(x):
    v = tf.zeros([2])
    while x < 3:
        x = x + 1
        v = tf.concat([v, v], 0)
    return v


def none(x):
    y = None
    if x > 0:
        y = x
    return y


def other_dtype(x):
    i = 0
    while x < 3:
        x = x + 1
        i = tf.cast(i, tf.float32)
    return i


REFUSED = [
    (undefined, ValueError, "'y' must also be initialized in the else branch"),
    (no_return, ValueError, "the else branch must also have a return statement"),
    (dtypes, TypeError, "'y' has dtype int32 in the main branch, but dtype float32 in the else"),
    (growing, ValueError, r"'v' has shape \(2,\) before the loop, but shape \(4,\) after one"),
    (none, ValueError, "'y' is None at the end of the else branch"),
    (other_dtype, TypeError, "'i' has dtype int32 before the loop, but dtype float32 after one"),
]


@pytest.mark.parametrize(
    ("f", "kind", "message"), REFUSED, ids=lambda x: getattr(x, "__name__", "")
)
def test_what_tensorflow_refuses_is_refused(f, kind, message):
    with pytest.raises(kind, match=message):
        tf.function(f)(C(1.0))


def test_without_autograph_it_is_pythons():
    f = tf.function(undefined, autograph=False)
    assert float(f(C(1.0))) == 1.0


def test_tracebacks_show_the_users_lines():
    def f(x):
        if x > 0:
            y = tf.reshape(x, [3])
        else:
            y = x
        return y

    with pytest.raises(CompileError, match="reshape") as info:
        compiled(f)(C(1.0))
    lines = traceback.extract_tb(info.value.__cause__.__traceback__)
    assert any(x.filename == __file__ and x.line == "y = tf.reshape(x, [3])" for x in lines)
    assert any(x.name == "f" for x in lines)


def test_what_cannot_be_converted_runs_as_it_is():
    def generator(x):
        yield x

    assert converted(generator) is generator
    names = {}
    exec("def f(x):\n    if x > 0: x = x + 1\n    return x\n", {}, names)
    f = names["f"]
    assert converted(f) is f
    assert float(tf.function(f)(C(1.0))) == 2.0
    marked = tf.autograph.experimental.do_not_convert(lambda x: x)
    assert converted(marked) is marked


class Private:
    def __init__(self):
        self.__k = 3.0

    def go(self, x):
        return x * self.__k if x > 0 else x


def test_private_names():
    f = Private().go
    same(compiled(f)(C(2.0)), f(C(2.0)))


def test_keras_layers():
    class Layer(tf.keras.layers.Layer):
        def call(self, x):
            if tf.reduce_sum(x) > 0:
                return x * 2
            return x

    layer = Layer()
    run = compiled(lambda x: layer(x) + 1)
    for x in numbers(1, -1):
        same(run(*x), layer(*x) + 1)
    assert "if" in {c.primitive.name for c in run.graph().calls}


def test_converted_functions_keep_closures_and_defaults():
    count = 0

    def f(x, k=2.0, *, sign=1.0):
        nonlocal count
        count += 1
        if x > 0:
            return x * k * sign
        return x

    g = converted(f)
    assert float(g(C(3.0))) == 6.0
    assert float(g(C(3.0), 4.0, sign=-1.0)) == -12.0
    assert count == 2
    assert g.__name__ == "f"
    assert "ag__.if_return" in tf.autograph.to_code(f)


def test_a_dataset_is_gone_over_as_it_is():
    data = tf.data.Dataset.from_tensor_slices([1.0, 2.0, 3.0])

    @tf.function
    def total(x):
        for e in data:
            x += e
        return x

    assert [float(total(C(0.0))) for _ in range(2)] == [6.0, 6.0]


def test_an_assertion_about_a_tensor_holds_at_each_call():
    @tf.function
    def f(x):
        assert x > 0, "too small"
        return x

    assert float(f(C(1.0))) == 1.0
    with pytest.raises(AssertionError, match="too small"):
        f(C(-1.0))


def jumps(n):
    out = []
    for i in range(n):
        for j in range(n):
            if j > i:
                break
            if (i + j) % 2:
                continue
            if j == 4 and i > 5:
                return out, i, j
            out.append((i, j))
    return out


def ladder(n):
    if n > 0:
        if n > 5:
            if n > 10:
                return "a"
            n += 1
        else:
            n -= 1
        if n == 4:
            return "b"
    elif n == 0:
        return "z"
    n *= 2
    if n > 12:
        return n, "c"
    return n


def scopes(a, *args, k=3, **kw):
    def inner(b=a):
        nonlocal a
        a += b
        return a if a > 3 else -a

    if kw.get("z"):
        functions = [lambda i=i: i * 2 if i else k for i in range(2)]
    else:
        del kw["y"]
        functions = []
    return inner(), inner(2), args, [f() for f in functions], sorted(kw)


def matching(x):
    match x:
        case 1:
            y = "one"
        case [a, b] if a < b:
            y = a + b
        case _:
            y = None
    return y


@pytest.mark.parametrize(
    ("f", "calls"),
    [
        (jumps, [((n,), {}) for n in (0, 3, 9)]),
        (ladder, [((n,), {}) for n in range(-2, 15)]),
        (scopes, [((1, 2), {"z": 1}), ((4,), {"y": 2}), ((1,), {"y": 1, "k": 5})]),
        (matching, [((1,), {}), (([1, 2],), {}), (([2, 1],), {})]),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_python_values_leave_it_to_python(f, calls):
    g = converted(f)
    assert g is not f
    for args, kwargs in calls:
        assert g(*args, **dict(kwargs)) == f(*args, **dict(kwargs))


def test_what_stops_gradients_stops_them_in_a_loop():
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = z = x
            for _ in tf.range(3):
                y = y * x + tf.stop_gradient(y * y)
                with tape.stop_recording():
                    q = z * z
                z = z * x + q
        return tape.gradient(y, x), tape.gradient(z, x)

    same(compiled(f)(C(1.3)), f(C(1.3)))


def test_several_lambdas_of_one_line_are_told_apart():
    # fmt: off
    pairs = [(lambda a: a * 2, 6.0), (lambda a: a + 5, 8.0), (lambda a: (lambda a: a - 1)(a), 2.0), (lambda a, *, b=1: a ** 2, 9.0)]
    table = {
        "double": lambda a: a * 2, "more": lambda a: a + 5 if a > 0 else a,
        "negative": lambda a: -a}
    # fmt: on
    for f, expected in pairs:
        assert float(tf.function(f)(C(3.0))) == expected
    assert [float(tf.function(f)(C(3.0))) for f in table.values()] == [6.0, 8.0, -3.0]
    assert float(compiled(table["more"])(C(-3.0))) == -3.0


def test_a_lambda_that_begins_a_line_of_an_expression():
    made = [
        lambda a: a // 2, lambda a: a % C(3),
    ]  # fmt: skip
    assert [int(tf.function(f)(C(8))) for f in made] == [4, 2]
