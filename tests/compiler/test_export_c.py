"""`export_c`: strict C99 whose values and derivatives are those of the compiled function."""

import subprocess

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.compiler.export.derivatives import ExportError
from dualtape.compiler.export.emission import NotExported
from dualtape.compiler.export.file import CFile
from dualtape.compiler.export.instructions import NotTranslated
from dualtape.compiler.graph import Call, Graph
from dualtape.compiler.lowering import lower
from dualtape.core.aval import aval_of
from dualtape.testing.samples import every_sample

from .c_functions import CC, STRICT, Functions, library, pointers

needs_cc = pytest.mark.skipif(CC is None, reason="no C compiler here")
RNG = np.random.default_rng(3)
X, W = RNG.normal(size=(3, 4)), RNG.normal(size=4)
TABLE = RNG.normal(size=(4, 5))


def wave(x, w):
    return np.sum(np.tanh(x @ w) * np.exp(-np.sum(x**2, 1)) + np.mean(x @ TABLE))


@needs_cc
def test_value_and_all_derivatives(tmp_path):
    f = dt.jit(wave)
    made = f.export_c(tmp_path, X, W, derivatives=("gradient", "vjp", "jvp", "jacobian"))
    c = Functions(made, tmp_path)
    value = f(X, W)
    by_x, by_w = dt.grad(wave, (0, 1))(X, W)
    assert c("value", x=X, w=W)[1]["out"] == pytest.approx(value, rel=1e-13)
    close = {"rtol": 1e-12, "atol": 1e-14}
    status, out = c("gradient", x=X, w=W)
    assert status == 0
    assert out["out"] == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(out["x_grad"], by_x, **close)
    np.testing.assert_allclose(out["w_grad"], by_w, **close)
    out = c("vjp", x=X, w=W, out_bar=2.0)[1]
    np.testing.assert_allclose(out["x_bar"], 2 * by_x, **close)
    dx, dw = np.cos(X), np.sin(W)
    out = c("jvp", x=X, w=W, x_dot=dx, w_dot=dw)[1]
    assert out["out_dot"] == pytest.approx(np.sum(by_x * dx) + np.sum(by_w * dw))
    np.testing.assert_allclose(c("jacobian", x=X, w=W)[1]["dout_dx"], by_x, **close)


@needs_cc
def test_several_results_and_choices(tmp_path):
    @dt.jit
    def f(p, labels, n):
        z = p["a"] * n + p["b"]
        return np.sin(z[labels]), np.sum(z), labels * 2

    p = {"a": np.arange(4.0), "b": np.ones(4)}
    labels = np.array([3, 0, 3])
    made = f.export_c(tmp_path, p, labels, 2, derivatives="jacobian", wrt="p_1", name="several")
    assert made.source.name == "several.c"
    status, out = Functions(made, tmp_path)("jacobian", p_0=p["a"], p_1=p["b"], labels=labels)
    assert status == 0
    want = f(p, labels, 2)
    for k in range(3):
        np.testing.assert_allclose(out[f"out_{k}"], want[k], rtol=1e-14)
    jacobian = np.zeros((3, 4))
    jacobian[np.arange(3), labels] = np.cos(2 * p["a"] + 1)[labels]
    np.testing.assert_allclose(out["dout_0_dp_1"], jacobian, atol=1e-14)
    np.testing.assert_array_equal(out["dout_1_dp_1"], np.ones(4))
    assert Functions(made, tmp_path)("jacobian", p_0=p["a"], p_1=p["b"], labels=[9, 0, 3])[0] == 1


@needs_cc
def test_loops_and_conditions(tmp_path):
    @dt.jit
    def f(x, n):
        y, stack = dt.scan(lambda c, a: (np.tanh(c + a), c * a), x, np.arange(12.0).reshape(3, 4))
        y = dt.fori_loop(0, 5, lambda i, v: v * 0.9 + i, y)
        y = dt.cond(np.sum(y) > 0, lambda v: v * v, lambda v: -v, y)
        return np.sum(y) + np.sum(stack) + n

    x = np.array([0.1, -0.2, 0.3, 0.4])
    c = Functions(f.export_c(tmp_path, x, 0.5, derivatives=("gradient", "jvp")), tmp_path)
    for start in (x, x - 30):
        status, out = c("gradient", x=start)
        assert status == 0
        value, grad = dt.value_and_grad(f)(start, 0.5)
        assert out["out"] == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(out["x_grad"], grad, rtol=1e-11, atol=1e-14)
        assert c("jvp", x=start, x_dot=x)[1]["out_dot"] == pytest.approx(
            np.sum(grad * x), abs=1e-12
        )

    @dt.jit
    def doubled(x):
        return dt.while_loop(lambda v: np.sum(v) < 100, lambda v: v * v + 1, x)

    c = Functions(doubled.export_c(tmp_path, x, derivatives="jvp"), tmp_path)
    status, out = c("jvp", x=x, x_dot=np.ones(4))
    np.testing.assert_allclose(out["out"], doubled(x), rtol=1e-13)
    np.testing.assert_allclose(out["out_dot"], dt.jvp(doubled, (x,), (np.ones(4),))[1], rtol=1e-13)
    with pytest.raises(ExportError, match="while_loop_backward"):
        doubled.export_c(tmp_path, x, derivatives="vjp")


def test_a_branch_is_taken_once(tmp_path):
    @dt.jit
    def f(x):
        return dt.cond(np.sum(x) > 0, lambda v: v * v, lambda v: -v, x)

    text = f.export_c(tmp_path, X, derivatives=()).source.read_text()
    for number in (2, 3):
        assert text.count(f"if (dt_function{number}(") == 1


@needs_cc
def test_numbers_that_are_not_finite(tmp_path):
    @dt.jit
    def f(x, i):
        return (
            np.maximum(x, 0.0),
            np.sqrt(x),
            np.sign(x),
            x / x[::-1],
            np.max(x),
            i // 3,
            i % -4,
            x > 1,
        )

    x = np.array([np.nan, -np.inf, np.inf, -0.0, 5e-324, -1.0])
    i = np.array([-7, 7, 0, -3, 2**62, -(2**63)])
    c = Functions(f.export_c(tmp_path, x, i, derivatives=()), tmp_path)
    out = c("value", x=x, i=i)[1]
    with np.errstate(all="ignore"):
        for k, want in enumerate(f(x, i)):
            np.testing.assert_array_equal(out[f"out_{k}"], want)
            if want.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(out[f"out_{k}"]), np.signbit(want))


@needs_cc
def test_a_network_of_the_torch_dialect(tmp_path):
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))
    x, y = torch.randn(5, 6), torch.tensor([0, 2, 1, 0, 2])
    loss = torch.compile(lambda x, y: nn.functional.cross_entropy(net(x), y))
    c = Functions(loss.export_c(tmp_path, x, y, name="loss"), tmp_path)
    x.requires_grad_()
    value = loss(x, y)
    value.backward()
    out = c("gradient", x=x.detach().numpy(), y=y.numpy())[1]
    assert out["out"] == pytest.approx(value.item(), rel=1e-5)
    np.testing.assert_allclose(out["x_grad"], x.grad.numpy(), rtol=1e-4, atol=1e-7)
    module = torch.compile(net).export_c(tmp_path, x.detach(), derivatives=(), name="net")
    out = Functions(module, tmp_path)(
        "value", **{module.functions["value"].parameters[0].name: x.detach().numpy()}
    )[1]
    np.testing.assert_allclose(out["out"], net(x).detach().numpy(), rtol=1e-4, atol=1e-6)


@needs_cc
def test_state_is_passed_in(tmp_path):
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def step(x):
        v.assign_sub(0.5 * x)
        return tf.reduce_sum(v * v)

    made = step.export_c(tmp_path, tf.constant([1.0, 1.0]), derivatives=())
    assert [p.name for p in made.functions["value"].parameters] == ["x", "state_0", "out"]
    out = Functions(made, tmp_path)("value", x=[1.0, 1.0], state_0=[4.0, 6.0])[1]
    np.testing.assert_allclose(out["state_0"], [3.5, 5.5])
    assert out["out"] == pytest.approx(3.5**2 + 5.5**2)
    np.testing.assert_allclose(v.numpy(), [1.0, 2.0])


@needs_cc
def test_a_program_in_c(tmp_path):
    made = dt.jit(wave).export_c(tmp_path, X, W)
    text = ", ".join(map(repr, X.ravel().tolist())), ", ".join(map(repr, W.tolist()))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "wave.h"\n'
        "static double work[WAVE_GRADIENT_WORK / sizeof(double) + 1];\n"
        f"int main(void) {{\n    const double x[] = {{{text[0]}}}, w[] = {{{text[1]}}};\n"
        "    double out, dx[12], dw[4];\n    if (wave_gradient(x, w, &out, dx, dw, work)) return 1;\n"
        '    printf("%.17g %.17g\\n", out, dw[3]);\n    return 0;\n}\n'
    )
    files = [str(tmp_path / "main.c"), str(made.source)]
    subprocess.run([CC, *STRICT, "-O1", "-o", str(tmp_path / "main"), *files, "-lm"], check=True)
    said = subprocess.run(
        [str(tmp_path / "main")], capture_output=True, text=True, check=True
    ).stdout.split()
    value, grad = dt.value_and_grad(wave, 1)(X, W)
    np.testing.assert_allclose([float(s) for s in said], [value, grad[3]], rtol=1e-12)


def test_what_it_refuses(tmp_path):
    def transformed(x):
        y = np.sin(x)
        return np.sum(np.linalg.solve(np.eye(3), y))  # here

    with pytest.raises(ExportError, match=r"solve.*\n.*return np.sum.*here"):
        dt.jit(transformed).export_c(tmp_path, np.ones(3))
    with pytest.raises(ExportError, match=r"random numbers"):
        torch.compile(lambda x: x + torch.rand(3)).export_c(tmp_path, torch.ones(3))
    with pytest.raises(ExportError, match="one real number has a gradient"):
        dt.jit(np.sin).export_c(tmp_path, np.ones(3), derivatives="gradient")
    with pytest.raises(ExportError, match=r"cannot be exported: .*truth"):
        dt.jit(lambda x: x if x.sum() > 0 else -x).export_c(tmp_path, np.ones(3))
    with pytest.raises(ValueError, match="derivatives are"):
        dt.jit(np.sin).export_c(tmp_path, np.ones(3), derivatives="hessian")
    with pytest.raises(ValueError, match="no array"):
        dt.jit(np.sin).export_c(tmp_path, np.ones(3), wrt="z")
    with pytest.raises(ExportError, match="int64"):
        dt.jit(lambda x, i: x[i]).export_c(tmp_path, np.ones(3), np.array([1]), wrt="i")
    w = torch.ones(3, requires_grad=True)
    with pytest.raises(ExportError, match="gradients"):
        torch.compile(lambda: (w * w).sum().backward()).export_c(tmp_path)


def calls():
    """One call of each primitive that native code runs, as a graph, its operands and results."""
    seen = set()
    for row in every_sample():
        p = row.primitive
        if p.name in seen:
            continue
        try:
            operands = [np.ascontiguousarray(x) for x in row.make("float64")]
            with np.errstate(all="ignore"):
                out = p.eval(*[x.copy() for x in operands], **row.params)
            made = p.aval(*[aval_of(x) for x in operands], **row.params)
        except (TypeError, ValueError, np.linalg.LinAlgError):
            continue
        seen.add(p.name)
        made, out = ([*made], [*out]) if p.outputs != 1 else ([made], [out])
        n = len(operands)
        given, results = tuple(range(n)), tuple(range(n, n + len(made)))
        avals = [*[aval_of(x) for x in operands], *made]
        if any(a.dtype.kind == "c" or a.dtype.itemsize == 2 for a in avals):
            continue
        yield (
            Graph(avals, given, {}, (Call(p, given, row.params, results),), results),
            operands,
            out,
        )


@needs_cc
def test_what_is_lowered_is_exported(tmp_path):
    file, functions, left = CFile(), [], {}
    for graph, operands, want in calls():
        try:
            functions.append((file.function(graph), graph, operands, want))
        except NotExported:
            assert lower(graph).callbacks, f"{graph} is lowered and not exported"
        except NotTranslated as error:
            left[graph.calls[0].primitive.name] = str(error)
    assert {k: v for k, v in left.items() if "another library" not in v} == {}
    assert len(functions) > 350
    assert len(left) < 60
    source = tmp_path / "every.c"
    source.write_text(file.private().replace("static int dt_function", "int dt_function"))
    loaded = library(source, tmp_path, "-O0")
    for f, graph, operands, want in functions:
        given = [x.copy() for x in operands]
        results = [np.full(np.shape(o), 99, np.asarray(o).dtype) for o in want]
        work = np.full(f.work // 8, np.nan)
        assert getattr(loaded, f.name)(*pointers([*given, *results, work])) == 0
        for r, o in zip(results, want, strict=True):
            np.testing.assert_allclose(
                r.astype(float),
                np.asarray(o).astype(float),
                rtol=1e-11,
                atol=1e-10,
                err_msg=f"{graph}",
            )
