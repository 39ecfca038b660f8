"""Write docs/kinks.md and kinks.zh.md: which derivative is chosen where there are several, or none, in each dialect.

Run as `python docs/make_kinks.py`, beside the real frameworks. A test holds the page against dualtape, and against
them where they are installed.
"""

from __future__ import annotations

import pathlib
from typing import NamedTuple

import numpy as np
import texts

DOCS = pathlib.Path(__file__).parent
INF, NAN = float("inf"), float("nan")


class Kink(NamedTuple):
    """One row: what it is, at which operands, and how each dialect writes it (empty where it has no such function)."""

    title: str
    at: tuple
    torch: str
    tensorflow: str = ""
    numpy: str = ""


Z = [0.0]
KINKS = {
    "Largest and smallest, at ties": [
        Kink("maximum of two", ([1.0], [1.0]), "torch.maximum(x, y)", "tf.maximum(x, y)", "np.maximum(x, y)"),
        Kink("minimum of two", ([1.0], [1.0]), "torch.minimum(x, y)", "tf.minimum(x, y)", "np.minimum(x, y)"),
        Kink("fmax", ([1.0], [1.0]), "torch.fmax(x, y)", "", "np.fmax(x, y)"),
        Kink("fmin", ([1.0], [1.0]), "torch.fmin(x, y)", "", "np.fmin(x, y)"),
        Kink("maximum of all", ([1.0, 2.0, 2.0],), "x.max()", "tf.reduce_max(x)", "np.max(x)"),
        Kink("minimum of all", ([1.0, 1.0, 2.0],), "x.min()", "tf.reduce_min(x)", "np.min(x)"),
        Kink("amax", ([1.0, 2.0, 2.0],), "x.amax(0)", "tf.reduce_max(x, 0)", "np.max(x, 0)"),
        Kink("amin", ([1.0, 1.0, 2.0],), "x.amin(0)", "tf.reduce_min(x, 0)", "np.min(x, 0)"),
        Kink("max along an axis", ([1.0, 2.0, 2.0],), "x.max(0).values"),
        Kink("min along an axis", ([1.0, 1.0, 2.0],), "x.min(0).values"),
        Kink("topk, k = 1", ([1.0, 2.0, 2.0],), "x.topk(1).values", "tf.math.top_k(x, 1).values"),
        Kink("kthvalue, k = 2", ([2.0, 1.0, 2.0],), "x.kthvalue(2).values"),
        Kink("sort, the first", ([2.0, 1.0, 1.0],), "x.sort().values[0]", "tf.sort(x)[0]", "np.sort(x)[0]"),
        Kink("median of all", ([1.0, 2.0, 2.0],), "x.median()", "", "np.median(x)"),
        Kink("median along an axis", ([1.0, 2.0, 2.0],), "x.median(0).values", "", "np.median(x, 0)"),
        Kink("mode", ([1.0, 2.0, 2.0],), "x.mode(0).values"),
        Kink("quantile 0.5", ([1.0, 2.0, 2.0],), "x.quantile(0.5)", "", "np.quantile(x, 0.5)"),
        Kink("cummax", ([1.0, 2.0, 2.0],), "x.cummax(0).values", "", "np.maximum.accumulate(x)"),
        Kink("cummin", ([2.0, 1.0, 1.0],), "x.cummin(0).values", "", "np.minimum.accumulate(x)"),
        Kink("logsumexp", ([2.0, 2.0],), "x.logsumexp(0)", "tf.reduce_logsumexp(x)"),
        Kink("logaddexp", ([1.0], [1.0]), "torch.logaddexp(x, y)", "", "np.logaddexp(x, y)"),
        Kink("segment maximum", ([1.0, 2.0, 2.0],), "", "tf.math.segment_max(x, [0, 0, 0])"),
        Kink("max pooling", ([1.0, 2.0, 2.0, 1.0],),
             "torch.nn.functional.max_pool1d(x.reshape(1, 1, 4), 4)", "tf.nn.max_pool1d(tf.reshape(x, (1, 4, 1)), 4, 4, 'VALID')"),
        Kink("infinity norm", ([2.0, -2.0],), "torch.linalg.vector_norm(x, float('inf'))", "tf.norm(x, np.inf)",
             "np.linalg.norm(x, np.inf)"),
    ],
    "At zero": [
        Kink("abs", (Z,), "x.abs()", "tf.abs(x)", "np.abs(x)"),
        Kink("sign", (Z,), "x.sign()", "tf.sign(x)", "np.sign(x)"),
        Kink("sqrt", (Z,), "x.sqrt()", "tf.sqrt(x)", "np.sqrt(x)"),
        Kink("sqrt, cotangent 0", (Z,), "x.sqrt() * 0", "tf.sqrt(x) * 0", "np.sqrt(x) * 0"),
        Kink("sqrt(x*x)", (Z,), "(x * x).sqrt()", "tf.sqrt(x * x)", "np.sqrt(x * x)"),
        Kink("rsqrt", (Z,), "x.rsqrt()", "tf.math.rsqrt(x)"),
        Kink("x ** 0.5", (Z,), "x ** 0.5", "x ** 0.5", "x ** 0.5"),
        Kink("x ** 0", (Z,), "x ** 0", "x ** 0", "x ** 0"),
        Kink("x ** 1", (Z,), "x ** 1", "x ** 1", "x ** 1"),
        Kink("x ** y, y = 0", (Z, [0.0]), "x ** y", "x ** y", "x ** y"),
        Kink("x ** y, y = 2", (Z, [2.0]), "x ** y", "x ** y", "x ** y"),
        Kink("0 ** x", (Z,), "0.0 ** x", "0.0 ** x", "0.0 ** x"),
        Kink("log", (Z,), "x.log()", "tf.math.log(x)", "np.log(x)"),
        Kink("x log x", (Z,), "x * x.log()", "x * tf.math.log(x)", "x * np.log(x)"),
        Kink("xlogy", (Z, [0.0]), "torch.xlogy(x, y)", "tf.math.xlogy(x, y)"),
        Kink("xlogy, y = 2", (Z, [2.0]), "torch.xlogy(x, y)", "tf.math.xlogy(x, y)"),
        Kink("entr", (Z,), "torch.special.entr(x)"),
        Kink("1 / x", (Z,), "1 / x", "1 / x", "1 / x"),
        Kink("x / y, 0 / 0", (Z, [0.0]), "x / y", "x / y", "x / y"),
        Kink("divide_no_nan, 0 / 0", (Z, [0.0]), "", "tf.math.divide_no_nan(x, y)"),
        Kink("norm, p = 2", ([0.0, 0.0],), "x.norm()", "tf.norm(x)", "np.linalg.norm(x)"),
        Kink("norm, p = 1", ([0.0, 1.0],), "x.norm(1)", "tf.norm(x, 1)", "np.linalg.norm(x, 1)"),
        Kink("norm, p = inf", ([0.0, 0.0],), "x.norm(float('inf'))", "tf.norm(x, np.inf)", "np.linalg.norm(x, np.inf)"),
        Kink("norm, p = 3", ([0.0, 0.0],), "x.norm(3)", "tf.norm(x, 3)", "np.linalg.norm(x, 3)"),
        Kink("norm, p = 0.5", ([0.0, 1.0],), "x.norm(0.5)", "tf.norm(x, 0.5)", "np.linalg.norm(x, 0.5)"),
        Kink("Frobenius norm", ([[0.0, 0.0]],), "torch.linalg.matrix_norm(x)", "tf.norm(x, 'fro', (0, 1))",
             "np.linalg.norm(x, 'fro')"),
        Kink("euclidean norm of reduce", ([0.0, 0.0],), "", "tf.math.reduce_euclidean_norm(x)"),
        Kink("std of equal numbers", ([1.0, 1.0],), "x.std()", "tf.math.reduce_std(x)", "np.std(x)"),
        Kink("atan2", (Z, [0.0]), "torch.atan2(x, y)", "tf.atan2(x, y)", "np.arctan2(x, y)"),
        Kink("hypot", (Z, [0.0]), "torch.hypot(x, y)", "", "np.hypot(x, y)"),
        Kink("prod, one zero", ([0.0, 2.0, 3.0],), "x.prod()", "tf.reduce_prod(x)", "np.prod(x)"),
        Kink("prod, two zeros", ([0.0, 0.0, 3.0],), "x.prod()", "tf.reduce_prod(x)", "np.prod(x)"),
        Kink("cumprod, one zero", ([2.0, 0.0, 3.0],), "x.cumprod(0)", "tf.math.cumprod(x)", "np.cumprod(x)"),
        Kink("cosine similarity", ([0.0, 0.0],), "torch.nn.functional.cosine_similarity(x, torch.ones(2), 0)"),
        Kink("normalize", ([0.0, 0.0],), "torch.nn.functional.normalize(x, dim=0)", "tf.math.l2_normalize(x)"),
        Kink("pairwise distance", ([[1.0, 1.0]],), "torch.cdist(x, torch.ones(1, 2))"),
        Kink("sinc", (Z,), "torch.sinc(x)", "", "np.sinc(x)"),
        Kink("cbrt", (Z,), "", "", "np.cbrt(x)"),
        Kink("heaviside", (Z, [0.5]), "", "", "np.heaviside(x, 0.5)"),
        Kink("abs of a complex number", (Z,), "torch.complex(x, 0 * x).abs()", "tf.abs(tf.complex(x, 0 * x))", "np.abs(x + 0j)"),
        Kink("angle", (Z,), "torch.angle(x)", "tf.math.angle(x)", "np.angle(x)"),
    ],
    "Edges of pieces": [
        Kink("clamp, at the lower edge", (Z,), "x.clamp(0.0, 1.0)", "tf.clip_by_value(x, 0.0, 1.0)", "np.clip(x, 0.0, 1.0)"),
        Kink("clamp, at the upper edge", ([1.0],), "x.clamp(0.0, 1.0)", "tf.clip_by_value(x, 0.0, 1.0)", "np.clip(x, 0.0, 1.0)"),
        Kink("clamp by a value, at it", (Z, [0.0]), "x.clamp(min=y)", "", "np.clip(x, y, None)"),
        Kink("clip by norm, at it", ([3.0, 4.0],), "", "tf.clip_by_norm(x, 5.0)"),
        Kink("clip by norm, at 0", ([0.0, 0.0],), "", "tf.clip_by_norm(x, 5.0)"),
        Kink("relu", (Z,), "torch.relu(x)", "tf.nn.relu(x)"),
        Kink("relu6, at 0 and 6", ([0.0, 6.0],), "torch.nn.functional.relu6(x)", "tf.nn.relu6(x)"),
        Kink("leaky_relu", (Z,), "torch.nn.functional.leaky_relu(x, 0.1)", "tf.nn.leaky_relu(x, 0.1)"),
        Kink("prelu", (Z, [0.25]), "torch.nn.functional.prelu(x, y)"),
        Kink("elu", (Z,), "torch.nn.functional.elu(x, 2.0)", "tf.nn.elu(x)"),
        Kink("selu", (Z,), "torch.nn.functional.selu(x)", "tf.nn.selu(x)"),
        Kink("celu", (Z,), "torch.nn.functional.celu(x, 2.0)"),
        Kink("hardtanh", ([-1.0, 1.0],), "torch.nn.functional.hardtanh(x)"),
        Kink("hardsigmoid", ([-3.0, 3.0],), "torch.nn.functional.hardsigmoid(x)"),
        Kink("hardswish", ([-3.0, 3.0],), "torch.nn.functional.hardswish(x)"),
        Kink("hardshrink", ([-0.5, 0.5],), "torch.nn.functional.hardshrink(x)"),
        Kink("softshrink", ([-0.5, 0.5],), "torch.nn.functional.softshrink(x)"),
        Kink("threshold", ([1.0],), "torch.nn.functional.threshold(x, 1.0, 0.0)"),
        Kink("softsign", (Z,), "torch.nn.functional.softsign(x)", "tf.nn.softsign(x)"),
        Kink("logsigmoid", (Z,), "torch.nn.functional.logsigmoid(x)", "tf.math.log_sigmoid(x)"),
        Kink("where, x > 0", (Z,), "torch.where(x > 0, 2 * x, 3 * x)", "tf.where(x > 0, 2 * x, 3 * x)", "np.where(x > 0, 2 * x, 3 * x)"),
        Kink("where, sqrt behind it", (Z,), "torch.where(x > 0, x.sqrt(), x)", "tf.where(x > 0, tf.sqrt(x), x)",
             "np.where(x > 0, np.sqrt(x), x)"),
        Kink("huber_loss, at the knee", ([1.0],), "torch.nn.functional.huber_loss(x, torch.zeros(1))",
             "tf.keras.losses.huber(tf.zeros(1), x)"),
        Kink("huber_loss, at 0", (Z,), "torch.nn.functional.huber_loss(x, torch.zeros(1))", "tf.keras.losses.huber(tf.zeros(1), x)"),
        Kink("smooth_l1_loss, at the knee", ([1.0],), "torch.nn.functional.smooth_l1_loss(x, torch.zeros(1))"),
        Kink("l1_loss", (Z,), "torch.nn.functional.l1_loss(x, torch.zeros(1))", "tf.keras.losses.mae(tf.zeros(1), x)"),
        Kink("hinge_embedding_loss", ([1.0],), "torch.nn.functional.hinge_embedding_loss(x, -torch.ones(1))"),
        Kink("margin_ranking_loss", ([1.0],), "torch.nn.functional.margin_ranking_loss(x, torch.ones(1), torch.ones(1))"),
        Kink("hinge", ([1.0],), "", "tf.keras.losses.hinge(tf.ones(1), x)"),
    ],
    "Steps": [
        Kink("floor", ([1.0],), "x.floor()", "tf.floor(x)", "np.floor(x)"),
        Kink("ceil", ([1.0],), "x.ceil()", "tf.math.ceil(x)", "np.ceil(x)"),
        Kink("round", ([0.5],), "x.round()", "tf.round(x)", "np.round(x)"),
        Kink("trunc", ([1.0],), "x.trunc()", "", "np.trunc(x)"),
        Kink("frac", ([1.0],), "x.frac()"),
        Kink("fmod", ([4.0], [2.0]), "torch.fmod(x, y)", "tf.math.mod(x, y)", "np.fmod(x, y)"),
        Kink("remainder", ([4.0], [2.0]), "torch.remainder(x, y)", "tf.math.floormod(x, y)", "np.remainder(x, y)"),
        Kink("division rounded down", ([4.0], [2.0]), "torch.div(x, y, rounding_mode='floor')", "x // y"),
    ],
    "Edges of domains": [
        Kink("acos, at 1 and -1", ([1.0, -1.0],), "x.acos()", "tf.acos(x)", "np.arccos(x)"),
        Kink("asin, at 1 and -1", ([1.0, -1.0],), "x.asin()", "tf.asin(x)", "np.arcsin(x)"),
        Kink("acosh, at 1", ([1.0],), "x.acosh()", "tf.acosh(x)", "np.arccosh(x)"),
        Kink("atanh, at 1", ([1.0],), "x.atanh()", "tf.atanh(x)", "np.arctanh(x)"),
        Kink("log1p, at -1", ([-1.0],), "x.log1p()", "tf.math.log1p(x)", "np.log1p(x)"),
        Kink("logit, at 0 and 1", ([0.0, 1.0],), "x.logit()"),
        Kink("logit, clamped", ([0.1, 0.9],), "x.logit(0.1)"),
        Kink("erfinv, at 1", ([1.0],), "x.erfinv()", "tf.math.erfinv(x)"),
        Kink("binary cross entropy, at 0 and 1", ([0.0, 1.0],), "torch.nn.functional.binary_cross_entropy(x, torch.tensor([0.0, 1.0]))"),
    ],
}  # fmt: skip


def number(v: float) -> str:
    """A number as the page prints it."""
    if v != v:
        return "nan"
    if v == 0:
        return "0"
    return f"{v:.6g}"


def shown(grads) -> str:
    """The gradients as the page prints them, one per operand."""
    parts = []
    for g in grads:
        if g is None:
            parts.append("none")
            continue
        numbers = [number(float(v)) for v in np.ravel(g)]
        parts.append(numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})")
    return "; ".join(parts)


def by_torch(torch, kink: Kink) -> str:
    """What PyTorch, real or ours, gives."""
    xs = [torch.tensor(a, requires_grad=True) for a in kink.at]
    names = dict(zip("xy", xs, strict=False))
    out = eval(kink.torch, {"torch": torch, "np": np}, names)
    if not out.requires_grad:
        return shown([None] * len(xs))
    grads = torch.autograd.grad(out.sum(), xs, allow_unused=True)
    return shown([None if g is None else g.numpy() for g in grads])


def by_tensorflow(tf, kink: Kink) -> str:
    """What TensorFlow, real or ours, gives."""
    xs = [tf.constant(a) for a in kink.at]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        out = eval(kink.tensorflow, {"tf": tf, "np": np}, dict(zip("xy", xs, strict=False)))
    grads = tape.gradient(out, xs)
    return shown([None if g is None else tf.convert_to_tensor(g).numpy() for g in grads])


def by_numpy(dt, kink: Kink) -> str:
    """What dualtape gives for NumPy code."""
    numbers = tuple(range(len(kink.at)))

    def f(*xs):
        return np.sum(eval(kink.numpy, {"np": np}, dict(zip("xy", xs, strict=False))))

    with np.errstate(all="ignore"):
        grads = dt.grad(f, numbers)(*[np.array(a) for a in kink.at])
    return shown(grads)


def ours() -> dict[tuple[str, str], str]:
    """What dualtape gives, by (title, dialect)."""
    import dualtape
    import dualtape.tensorflow
    import dualtape.torch

    found = {}
    for kink in (k for rows in KINKS.values() for k in rows):
        if kink.torch:
            found[kink.title, "torch"] = by_torch(dualtape.torch, kink)
        if kink.tensorflow:
            found[kink.title, "tensorflow"] = by_tensorflow(dualtape.tensorflow, kink)
        if kink.numpy:
            found[kink.title, "numpy"] = by_numpy(dualtape, kink)
    return found


def real(framework: str) -> dict[tuple[str, str], str]:
    """What a real framework gives, by (title, dialect)."""
    if framework == "torch":
        import torch as package

        run = by_torch
    else:
        import tensorflow as package

        run = by_tensorflow
    rows = [k for rows in KINKS.values() for k in rows if getattr(k, framework)]
    return {(k.title, framework): run(package, k) for k in rows}


def cell(text: str) -> str:
    """An entry of the table."""
    return f"`{text}`" if text else ""


def page(own: dict, theirs: dict, language: str = "en") -> str:
    """The page's text."""
    said = texts.KINKS[language]
    lines = [said["head"].format(twin=texts.twin("kinks", language))]
    for heading, rows in KINKS.items():
        lines += [
            f"## {heading if language == 'en' else texts.KINK_HEADINGS[heading]}",
            "",
            said["table"],
            "|---|---|---|---|---|",
        ]
        for k in rows:
            at = shown([np.array(a) for a in k.at])
            cells = [cell(own.get((k.title, "numpy"), ""))]
            for framework in ("torch", "tensorflow"):
                mine = own.get((k.title, framework), "")
                right = theirs.get((k.title, framework), mine)
                cells.append(
                    cell(mine) if mine == right else said["differs"].format(cell(mine), cell(right))
                )
            title = k.title if language == "en" else texts.KINK_TITLES.get(k.title, k.title)
            lines.append(f"| {title} | `{at}` | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the pages."""
    own, theirs = ours(), real("torch") | real("tensorflow")
    for language in texts.LANGUAGES:
        (DOCS / texts.file_of("kinks", language)).write_text(
            page(own, theirs, language), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
