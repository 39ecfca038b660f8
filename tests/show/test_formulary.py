"""What docs/rules.md and the pages of `dualtape explain` say that a primitive computes is what it computes."""

import inspect
import pathlib
import runpy
from xml.etree import ElementTree

import numpy as np
import pytest

from dualtape.compiler.eager.gates import originals
from dualtape.show.formulary import FORMULAS, operands_of
from dualtape.show.mathematics import name
from dualtape.show.notation import written
from dualtape.show.reading import read
from dualtape.testing import check
from dualtape.testing.samples import every_sample

pytest.importorskip("scipy")

from .evaluated import evaluate

DOCS = pathlib.Path(__file__).parents[2] / "docs"
SAMPLES = {}
for _s in every_sample():
    SAMPLES.setdefault(_s.primitive.name, []).append(_s)

SAID_IN_WORDS = {
    "vector_norm": lambda s: s.params.get("ord") in (0, np.inf, -np.inf),
    "cofactor": lambda s: singular(s.make("float64")[0]),
    "cofactor_slope": lambda s: singular(s.make("float64")[1]),
    "solve_triangular": lambda s: s.params["unit"],
    "isclose": lambda s: s.params["equal_nan"],
    "logaddexp": lambda s: np.abs(s.make("float64")[0]).max(initial=0) > 700,
    "between": lambda s: None in (s.params["low"], s.params["high"]),
    "clamp": lambda s: None in (s.params["low"], s.params["high"]),
    "max_all": lambda s: "lead" in s.params,
    "min_all": lambda s: "lead" in s.params,
}
"""Samples whose parameters the words beside the formula are about."""


def singular(x):
    return bool(np.any(np.abs(np.linalg.det(x)) < 1e-9))


def params_of(s):
    """The static parameters of a sample, those left out at their defaults."""
    try:
        # Where a test before this one had large arrays, a gate stands in front of the function.
        given = inspect.signature(originals.get(s.primitive, s.primitive.eval)).parameters.values()
    except ValueError:  # a NumPy function
        return s.params
    return {v.name: v.default for v in given if v.default is not v.empty} | s.params


def names_of(s, operands):
    params = params_of(s)
    names = dict(zip(s.primitive.inputs, operands, strict=False)) | params
    # Normalisations are given an empty weight or bias for none.
    absent = {"w": 1.0, "b": 0.0}
    return names | {k: v for k, v in absent.items() if np.shape(names.get(k)) == (0,)}


def elements(params, x, out):
    """How many elements of x are reduced into one."""
    axes = params.get("axes")
    if axes is not None and not isinstance(axes, tuple):
        axes = (axes,)
    sizes = [x.shape[a] for a in axes] if axes is not None else [max(1, x.size)]
    return int(np.prod(sizes)) if params.get("reduction", "mean") == "mean" else 1


def close(got, want):
    got, want = np.asarray(got), np.asarray(want)
    if want.dtype == bool:
        got = got.astype(bool)
    got = np.broadcast_to(got, want.shape) if got.size != want.size else got.reshape(want.shape)
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("p", sorted(FORMULAS))
def test_a_formula_is_what_the_primitive_computes(p):
    held = 0
    for s in SAMPLES[p]:
        if p in SAID_IN_WORDS and SAID_IN_WORDS[p](s):
            continue
        operands = s.make("float64")
        with np.errstate(all="ignore"):
            want = s.primitive.eval(*operands, **s.params)
        names = names_of(s, operands)
        names.setdefault("n", elements(names, operands[0], want))
        got = evaluate(FORMULAS[p], names)
        for g, w in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
            close(g, w)
        held += 1
    assert held


def test_every_formula_is_one_of_a_primitive():
    assert set(FORMULAS) <= set(SAMPLES)


@pytest.mark.parametrize("p", sorted(FORMULAS))
def test_a_formula_is_read_with_its_operands(p):
    inputs = SAMPLES[p][0].primitive.inputs
    assert operands_of(p)[: len(inputs)] == inputs
    for params in ({}, params_of(SAMPLES[p][-1])):
        t = read(FORMULAS[p], {n: name(n) for n in inputs}, params)
        assert t.text
        assert t.latex.count("{") == t.latex.count("}")
        ElementTree.fromstring(t.mathml)


RULES = runpy.run_path(str(DOCS / "derivatives.py"))["RULES"]
WRITTEN = sorted(
    (p, o) for p, found in RULES.items() for o, text in found.items() if text[0] != "="
)

ONLY = {
    "lu": lambda s: s.params["pivot"] and len({*s.make("float64")[0].shape}) == 1,
    "svd": lambda s: not s.params["full"],
    "det": lambda s: not singular(s.make("float64")[0]),
    "rpow": lambda s: s.params["base"] > 0,
    "cumprod": lambda s: not s.params["reverse"] and s.make("float64")[0].all(),
    "prod": lambda s: s.make("float64")[0].all(),
    "prod_all": lambda s: s.make("float64")[0].all(),
}
"""Samples that the words beside the rule are about: of one shape, of one triangle."""


def placed(v, axes, rank):
    """A reduced array with its axes of length 1 again."""
    v = np.asarray(v)
    if axes is None or v.ndim == rank:
        return v
    axes = axes if isinstance(axes, tuple) else (axes,)
    return np.expand_dims(v, tuple(a % rank for a in axes)) if axes else v


def reduced_to(v, shape):
    """What broadcasting has added to a shape summed away."""
    v = np.asarray(v)
    if v.size == int(np.prod(shape)):
        return v.reshape(shape)
    v = np.broadcast_to(v, np.broadcast_shapes(v.shape, shape))
    v = v.sum(tuple(range(v.ndim - len(shape))))
    return v.sum(tuple(i for i, n in enumerate(shape) if n == 1 != v.shape[i]), keepdims=True)


@pytest.mark.parametrize(("p", "operand"), WRITTEN, ids=map("-".join, WRITTEN))
def test_a_derivative_is_what_the_rule_gives(p, operand):
    held = 0
    for s in SAMPLES[p]:
        operands = s.make("float64")
        number = s.primitive.inputs.index(operand)
        if not operands[number].size or number not in check.differentiable_operands(s, operands):
            continue
        if (p in ONLY and not ONLY[p](s)) or (p in SAID_IN_WORDS and SAID_IN_WORDS[p](s)):
            continue
        rng = np.random.default_rng(1)
        outs = check.run(s, operands)
        cts = [check.cotangent(s, rng, o) for o in outs]
        (want,), _, _ = check.pullback(s, operands, cts, [number])
        want = np.zeros_like(operands[number]) if want is None else np.asarray(want)
        names = names_of(s, operands)
        names.setdefault("n", elements(names, operands[0], outs[0]))
        axes, rank = (
            names.get("axes", (-2, -1) if p in ("det", "slogdet") else None),
            operands[0].ndim,
        )
        every = s.primitive.eval(*operands, **s.params)
        if s.primitive.outputs == 1:
            names |= {"out": placed(every, axes, rank), "ct": placed(cts[0], axes, rank)}
        else:
            names |= {f"out{k + 1}": placed(v, axes, rank) for k, v in enumerate(every)}
            names |= {
                f"ct{k + 1}": placed(v, axes, rank)
                for k, v in zip(s.primitive.differentiable, cts, strict=True)
            }
        text = RULES[p][operand]
        got = evaluate(text, names) if text != "0" else np.zeros_like(want)
        if "ct" not in text and text != "0":
            with np.errstate(all="ignore"):
                got = got * cts[0]
        ok = np.isfinite(want)
        np.testing.assert_allclose(
            np.where(ok, reduced_to(got, want.shape), 0),
            np.where(ok, want, 0),
            rtol=1e-6,
            atol=1e-7,
        )
        held += 1
    assert held


EQUATIONS = runpy.run_path(str(DOCS / "words.py"))["EQUATIONS"]


@pytest.mark.parametrize("p", sorted(EQUATIONS))
def test_an_equation_holds_of_the_results(p):
    held = 0
    for s in SAMPLES[p]:
        if (p in ONLY and not ONLY[p](s)) or (p == "cholesky" and s.params["upper"]):
            continue
        operands = s.make("float64")
        out = s.primitive.eval(*operands, **s.params)
        names = names_of(s, operands)
        names |= (
            {"out": out}
            if s.primitive.outputs == 1
            else {f"out{k + 1}": v for k, v in enumerate(out)}
        )
        left, right = (evaluate(side, names) for side in EQUATIONS[p].split(" == "))
        np.testing.assert_allclose(left, np.broadcast_to(right, left.shape), rtol=1e-9, atol=1e-9)
        held += left.size > 0
    assert held


def test_static_parameters_decide():
    x = {"x": name("x"), "factor": name("factor")}
    assert read(FORMULAS["clamp"], x, {"low": None, "high": 1.0}).text == "min(x, 1)"
    assert read(FORMULAS["between"], x, {"low": -1, "high": None}).text == "-1 ≤ x"
    assert read(FORMULAS["cumsum"], x, {"axis": 0, "reverse": True}).text == "suffix_sum(x, 0)"
    assert read(FORMULAS["cumsum"], x, {}).text.endswith("prefix_sum(x, axis) otherwise")
    assert read(FORMULAS["elu"], x, {"positive": 1.0, "negative": 0.7, "rate": 1.0}).text == (
        "x if x > 0; 0.7 · (e^x - 1) otherwise"
    )
    assert written("gelu", [name("y")], {}).text == "y · Φ(y)"
