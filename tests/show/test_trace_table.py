"""The table of a function's trace: its numbers are the engine's, its formulas those of the textbook."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch


def lines(part):
    return [f"{x.left.text} = {x.right.text}" for x in part]


def survey(x1, x2):
    """The example of Baydin et al. (2018)."""
    return np.log(x1) + x1 * x2 - np.sin(x2)


def test_the_surveys_table():
    t = dt.trace_table(survey, 2.0, 5.0)
    assert lines(t.adjoint) == [
        "v̄₅ = ȳ", "v̄₃ = v̄₅", "v̄₄ = -v̄₅", "v̄₀ = v̄₄ · cos(v₀)", "v̄₁ = v̄₃", "v̄₂ = v̄₃", "v̄₋₁ = v̄₂ · v₀",
        "v̄₀ = v̄₀ + v̄₂ · v₋₁", "v̄₋₁ = v̄₋₁ + v̄₁ / v₋₁", "x̄₁ = v̄₋₁", "x̄₂ = v̄₀",
    ]  # fmt: skip
    np.testing.assert_allclose([float(x.value) for x in t.primal], [2, 5, 0.69314718, 10, 10.69314718, -0.95892427, 11.65207146])  # fmt: skip
    assert [float(x.value) for x in t.adjoint[-2:]] == list(dt.grad(survey, (0, 1))(2.0, 5.0))
    assert float(t.tangent[-1].value) == dt.jvp(survey, (2.0, 5.0), (1.0, 0.0))[1]
    other = dt.trace_table(survey, 2.0, 5.0, tangents=(0.5, -1.0), cotangent=2.0)
    assert float(other.tangent[-1].value) == dt.jvp(survey, (2.0, 5.0), (0.5, -1.0))[1]
    assert other.gradient == [2 * g for g in t.gradient]


def test_a_difference_has_one_minus_in_every_form():
    t = dt.trace_table(survey, 2.0, 5.0)
    (line,) = [x for x in t.tangent if x.left.text == "v̇₅"]
    assert line.right.text == "v̇₃ - v̇₄"
    assert line.right.latex.count("-") == 1
    assert line.right.mathml.count("<mo>\u2212</mo>") == 1
    assert "<mo>-</mo>" not in t.html()
    t = dt.trace_table(lambda x: -np.sin(x) - np.cos(x) * x, 2.0)
    assert "v̄₀ = v̄₀ - v̄₃ · sin(v₀)" in lines(t.adjoint)
    # A minus in a numerator stays there.
    t = dt.trace_table(lambda x, y: x + 1 / y, 2.0, 5.0)
    for x in (t.tangent[-1].right, dt.trace_table(lambda x: x * (1 / x), 2.0).adjoint[-2].right):
        for form in (x.text, x.latex, re.sub("<[^>]*>", "", x.mathml)):
            assert re.search(r"[-\u2212]\s*[-\u2212]", form) is None


def test_arrays_broadcast_and_meet_again():
    W, b = np.arange(6.0).reshape(2, 3) / 10, np.array([0.5])

    def f(W, b):
        h = np.tanh(W + b)
        return np.sum(h * h * W)

    t = dt.trace_table(f, W, b)
    gW, gb = dt.grad(f, (0, 1))(W, b)
    np.testing.assert_array_equal(t.adjoint[-2].value, gW)
    np.testing.assert_array_equal(t.adjoint[-1].value, gb)
    # the last line of each v is all that came to it
    final = {x.left.text: x.value for x in t.adjoint}
    np.testing.assert_allclose(final["v̄₋₁"], gW)
    np.testing.assert_allclose(final["v̄₀"], gb)
    assert final["v̄₀"].shape == (1,)


@pytest.mark.parametrize("module", [torch, tf], ids=["torch", "tensorflow"])
def test_tensors_of_front_ends(module):
    x = torch.ones(2, 2) if module is torch else tf.ones((2, 2))
    t = dt.trace_table(lambda x: module.sin(x) * 3 + x, x)
    assert lines(t.tangent)[1:] == ["v̇₁ = v̇₀ · cos(v₀)", "v̇₂ = v̇₁ · 3", "v̇₃ = v̇₂ + v̇₀"]
    np.testing.assert_allclose(
        np.asarray(t.gradient[0]), 3 * np.cos(np.ones((2, 2))) + 1, rtol=1e-6
    )


def test_unused_arguments_have_zeros():
    t = dt.trace_table(lambda x, y: x * x, 3.0, 4.0)
    assert [float(x.value) for x in t.adjoint[-2:]] == [6.0, 0.0]
    assert lines(t.tangent)[-1] == "v̇₁ = v̇₋₁ · v₋₁ + v̇₋₁ · v₋₁"


def test_html_and_latex_are_well_formed():
    t = dt.trace_table(
        lambda x: np.exp(-(x**2)) / (1 + x) * np.array([1.0, 2.0]), np.array([0.5, -0.25])
    )
    ET.fromstring(t.html().replace("&nbsp;", " "))
    assert t._repr_html_() == t.html()
    assert "<msub><mover><mi>v</mi><mo>¯</mo></mover><mn>0</mn></msub>" in t.html()
    latex = t.latex()
    assert latex.count("{") == latex.count("}")
    assert r"\dot{v}_{0} &= \dot{x}_{1}" in latex
    assert latex.count(r"\begin{aligned}") == latex.count(r"\end{aligned}") == 3


def test_writes_in_place_give_a_tensor_another_line():
    def f(a):
        b = a * 3
        b.mul_(a)
        return b.sum()

    x = torch.tensor([1.0, 2.0])
    t = dt.trace_table(f, x)
    assert lines(t.primal)[1:] == ["v₁ = v₀ · 3", "v₂ = v₁ · v₀", "v₃ = sum(v₂)"]
    assert float(t.tangent[-1].value) == 18.0
    np.testing.assert_array_equal(t.adjoint[-1].value, [6.0, 12.0])


def test_a_constant_that_was_written_to_is_not_what_it_was():
    def f(a):
        c = torch.zeros(2)
        c.add_(1)
        return a * c

    t = dt.trace_table(f, torch.tensor([1.0, 2.0]))
    assert lines(t.primal)[1:] == ["v₁ = v₀ · [2]"]
    np.testing.assert_array_equal(t.primal[-1].value, [1.0, 2.0])


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def written_in_part(a):
    b = a * 2
    b[0] = a[1]
    return b


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (written_in_part, "CopySlices"),
        (lambda a: written_in_part(a).sum(), "CopySlices"),
        (lambda a: Doubled.apply(a * 2), "DoubledBackward"),
        (lambda a: Doubled.apply(a).sin(), "DoubledBackward"),
    ],
)
def test_what_has_no_line_is_refused_and_not_left_out(f, what):
    with pytest.raises(ValueError, match=rf"{what} .* has no line in the table"):
        dt.trace_table(f, torch.tensor([1.0, 2.0]))


def test_refusals():
    with pytest.raises(ValueError, match="several results; the table is of one"):
        dt.trace_table(lambda a: (a * 2, a * 3), 1.0)
    with pytest.raises(ValueError, match="no operation"):
        dt.trace_table(lambda x: x, 1.0)
    with pytest.raises(ValueError, match="has several results"):
        dt.trace_table(lambda a: np.linalg.eigh(a)[0].sum(), np.eye(2))
    with pytest.raises(ValueError, match="1 tangents for 2 arguments"):
        dt.trace_table(survey, 1.0, 2.0, tangents=[1.0])
