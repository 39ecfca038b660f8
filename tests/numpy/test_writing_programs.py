"""Random programs of views and writes, of arrays that derivatives still need among others: right in every mode."""

import random

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp

X = np.array([0.3, 0.9, -0.4])


PARTS = {
    1: ["[0]", "[-1]", "[1:]", "[::-1]", "[:2]", "[[0, 1]]", "[...]"],
    2: ["[0]", "[1:]", "[:, 0]", ".T", "[0, 1]", ".reshape(-1)", "[[0, 1]]", "[::-1]", "[..., 1]", "[np.arange(n) >= 0]"],
}  # fmt: skip


def parts(shape):
    """Indices into an array of `shape`, with the shapes that they leave."""
    sample = np.empty(shape)
    names = {"np": np, "x": sample, "n": shape[0]}
    texts = [t for t in PARTS[len(shape)] if "1]" not in t or min(shape) > 1]
    found = [(t.replace("(n)", f"({shape[0]})"), np.shape(eval("x" + t, names))) for t in texts]
    return [(t, s) for t, s in found if 0 not in s]


class Writer:
    """Writes one program from a seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.lines = ["a = np_.zeros((3, 2)) + 0.5", "b = np_.ones(4) * 0.3", "c = x * 1.0"]
        self.shapes = {"a": (3, 2), "b": (4,), "c": (3,)}

    def operand(self, shape):
        for _ in range(30):
            text, s = self.r.choice(list(self.shapes.items()))
            for _ in range(self.r.randint(0, 2)):
                if s:
                    part, s = self.r.choice(parts(s))
                    text += part
            if len(s) <= len(shape) and all(
                k in (1, n) for k, n in zip(s[::-1], shape[::-1], strict=False)
            ):
                return text
        return "0.7"

    def expression(self, shape):
        f = self.r.choice(
            [
                "np.sin({})",
                "np.exp(-{})",
                "{} * 1.5",
                "{} ** 2",
                "np.tanh({})",
                "np.sqrt(1 + {} ** 2)",
            ]
        )
        return f"{f.format(self.operand(shape))} {self.r.choice('*+-')} {self.operand(shape)}"

    def target(self):
        text, s = self.r.choice([(v, s) for v, s in self.shapes.items() if s])
        for _ in range(self.r.randint(0, 2)):
            if s:
                part, s = self.r.choice(parts(s))
                text += part
        return (text if text.endswith("]") else f"{text}[...]"), s

    def program(self):
        for k in range(self.r.randint(3, 9)):
            kind = self.r.random()
            if kind < 0.15:
                v, s = self.r.choice([(v, s) for v, s in self.shapes.items() if s])
                part, s = self.r.choice(parts(s))
                self.lines.append(f"v{k} = {v}{part}")
                self.shapes[f"v{k}"] = s
            elif kind < 0.3:
                s = self.r.choice([(2,), (3,), (3, 2)])
                self.lines.append(f"v{k} = {self.expression(s)} + np_.zeros({s})")
                self.shapes[f"v{k}"] = s
            elif kind < 0.95:
                text, s = self.target()
                self.lines.append(
                    f"{text} {self.r.choice(['=', '+=', '*=', '-='])} {self.expression(s)}"
                )
            else:
                self.lines.append("np.sin(b, out=b)")
        total = " + ".join(f"np.sum(np.cos({v} + {i}))" for i, v in enumerate(self.shapes))
        return "\n    ".join(["def f(np_, x):", *self.lines, f"return {total}"])


@pytest.mark.parametrize("seed", range(60))
def test_program(seed):
    source = Writer(seed).program()
    names = {"np": np}
    exec(source, names)
    plain = names["f"]
    v = np.array([1.0, 2.0, 3.0])
    value, other = plain(np, X), plain(np, X * 0.9)
    slope = (plain(np, X + 1e-6 * v) - plain(np, X - 1e-6 * v)) / 2e-6

    def f(x):
        return plain(dnp, x)

    attempts = [
        (lambda: dt.grad(f)(X) @ v, slope), (lambda: dt.jvp(f, (X,), (v,))[1], slope), (lambda: dt.vmap(f)(np.stack([X, X * 0.9])), [value, other]),
        (lambda: dt.vmap(dt.grad(f))(X[None])[0] @ v, slope), (lambda: dt.grad(lambda r: dt.vmap(f)(r).sum())(X[None])[0] @ v, slope),
    ]  # fmt: skip
    for run, want in attempts:
        np.testing.assert_allclose(run(), want, rtol=1e-5, atol=1e-5, err_msg=source)
