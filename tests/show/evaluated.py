"""Formulas of `dualtape.show.formulary` and of docs/, evaluated in NumPy and SciPy: what their words mean."""

import ast
import functools

import numpy as np
from scipy import linalg, special

from dualtape.show.reading import parsed


class _Lifted(ast.NodeTransformer):
    """Conditions, brackets and transposes as functions that work on arrays."""

    def visit_IfExp(self, node):
        self.generic_visit(node)
        return _call("_where", node.test, node.body, node.orelse)

    def visit_Compare(self, node):
        self.generic_visit(node)
        left, parts = node.left, []
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(ast.Compare(left, [op], [right]))
            left = right
        return functools.reduce(lambda a, b: _call("_and", a, b), parts)

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        name = "_and" if isinstance(node.op, ast.And) else "_or"
        return functools.reduce(lambda a, b: _call(name, a, b), node.values)

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return _call("_not", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_List(self, node):
        self.generic_visit(node)
        return _call("_bracket", *node.elts)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        return _call("_" + node.attr, node.value)

    def visit_Call(self, node):
        self.generic_visit(node)
        if node.func.id == "integral":  # over a name of its own
            s, low, high, inside = node.args
            names = ast.arguments([], [ast.arg(s.id)], None, [], [], None, [])
            return _call("_integral", low, high, ast.Lambda(names, inside))
        return node


def _call(name, *args):
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _bools(f):
    return lambda *a: f(*[np.asarray(x).astype(bool) for x in a])


def _reduction(f):
    def reduced(x, axes=None):
        if axes is not None and not isinstance(axes, (int, tuple)):
            raise TypeError(axes)
        return f(x, axis=axes, keepdims=axes is not None)

    return reduced


def _transposed(x):
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 1 else x


def _differences(s, power=1):
    """1 / (s_j^p - s_i^p) off the diagonal, and 0 on it."""
    p = np.asarray(s) ** power
    d = p[..., None, :] - p[..., :, None]
    return np.where(np.eye(d.shape[-1], dtype=bool), 0, 1 / np.where(d == 0, 1, d))


def _lower_half(a):
    return np.tril(a) - 0.5 * a * np.eye(a.shape[-1])


def _symmetric_of_lower(a):
    return np.tril(a) + _transposed(np.tril(a, -1))


def _added(ct, places, axis, x):
    """`ct` added at `places` along `axis` into zeros like x."""
    if ct.ndim < x.ndim:
        ct, places = np.expand_dims(ct, axis), np.expand_dims(places, axis)
    out = np.zeros(x.shape, ct.dtype)
    where = list(np.indices(places.shape))
    where[axis] = places
    np.add.at(out, tuple(where), ct)
    return out


def _suffix(x, axis):
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis)


def _diagonal(x):
    return x[..., :, None] * np.eye(x.shape[-1])


def _exchanged(x, pivots):
    """Rows exchanged as LU does, counted from 1."""
    out = np.array(x)
    for k in range(pivots.shape[-1]):
        out[[k, pivots[k] - 1]] = out[[pivots[k] - 1, k]]
    return out


def _back(x, pivots):
    """Rows put back where LU's exchanges, counted from 1, took them from."""
    out = np.array(x)
    for k in reversed(range(pivots.shape[-1])):
        out[[k, pivots[k] - 1]] = out[[pivots[k] - 1, k]]
    return out


def _svd(x):
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return u, s, _transposed(vh)


def _integral(low, high, f):
    t, w = np.polynomial.legendre.leggauss(40)
    half = (high - low) / 2
    return sum(c * f(low + half * (1 + s)) for s, c in zip(t, w, strict=True)) * half


def _sinc_derivative(order, x):
    # d^k/dx^k of the integral of cos(pi x t) over t in [0, 1].
    t, w = np.polynomial.legendre.leggauss(60)
    t = (t + 1) / 2
    return (
        ((np.pi * t) ** order * np.cos(np.pi * np.asarray(x)[..., None] * t + order * np.pi / 2))
        @ w
        / 2
    )


VOCABULARY = {
    "pi": np.pi, "inf": np.inf, "i": 1j,
    "_where": lambda c, a, b: np.where(np.asarray(c).astype(bool), a, b), "_and": _bools(np.logical_and), "_or": _bools(np.logical_or),
    "_not": _bools(np.logical_not), "_bracket": lambda c: np.asarray(c).astype(float),
    "_T": _transposed, "_H": lambda x: _transposed(np.conj(x)),
    "sum": _reduction(np.sum), "prod": _reduction(np.prod), "amax": _reduction(np.max), "amin": _reduction(np.min),
    "mean": _reduction(np.mean), "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.rint, "sign": np.sign,
    "maximum": np.maximum, "minimum": np.minimum, "exp": np.exp, "ln": np.log, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "arsinh": np.arcsinh, "arcosh": np.arccosh, "artanh": np.arctanh, "arg": np.angle, "Re": np.real,
    "Im": np.imag, "conj": np.conj, "gcd": np.gcd, "lcm": np.lcm,
    "sigma": special.expit, "Phi": special.ndtr, "phi": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi), "erf": special.erf,
    "erfc": special.erfc, "Phi_inverse": special.ndtri, "erf_inverse": special.erfinv, "erfc_inverse": special.erfcinv,
    "Gamma": special.gamma, "Beta": special.beta, "psi": special.digamma, "psi_derivative": special.polygamma, "zeta": special.zeta,
    "J": special.jv, "Y": special.yv, "I": special.iv, "K": special.kv, "Ai": lambda x: special.airy(x)[0],
    "dAi": lambda x: special.airy(x)[1], "I_regularised": lambda x, a, b: special.betainc(a, b, x), "P": special.gammainc,
    "Q": special.gammaincc, "F": special.dawsn, "Ei": special.expi, "C": lambda x: special.fresnel(x)[1],
    "S": lambda x: special.fresnel(x)[0], "Li2": lambda x: special.spence(1 - np.asarray(x)), "sinc_derivative": _sinc_derivative,
    "det": lambda x: np.linalg.det(x)[..., None, None], "inv": np.linalg.inv, "expm": linalg.expm,
    "tr": lambda x: np.trace(x, axis1=-2, axis2=-1)[..., None, None],
    "times": np.multiply, "tril": np.tril, "triu": np.triu, "diag": _diagonal,
    "lower_half": _lower_half, "sym_lower": _symmetric_of_lower, "gaps": _differences, "svd": _svd,
    "eig": np.linalg.eig, "eigh": np.linalg.eigh, "_integral": _integral,
    "prefix_sum": lambda x, axis: np.cumsum(x, axis), "exchange": _exchanged,
    "suffix_sum": _suffix, "eye": lambda x: np.eye(x.shape[-1]), "put_back": _back,
    "diag_part": lambda x: np.diagonal(x, axis1=-2, axis2=-1),
}  # fmt: skip


@functools.cache
def _compiled(text):
    head, pairs = parsed(text)
    lifted = [ast.Expression(_Lifted().visit(_copy(e))) for _, e in pairs]
    made = [
        (left, compile(ast.fix_missing_locations(e), text, "eval"))
        for (left, _), e in zip(pairs, lifted, strict=True)
    ]
    body = ast.Expression(_Lifted().visit(_copy(head)))
    return compile(ast.fix_missing_locations(body), text, "eval"), made


def _copy(node):
    return ast.parse(ast.unparse(node), mode="eval").body


def evaluate(text, names):
    """The value of a formula; several are a tuple."""
    head, definitions = _compiled(text)
    how = {"none": lambda x: x, "sum": np.sum, "mean": np.mean}[names.get("reduction", "mean")]
    axis = names.get("axis", -1)
    triangle = np.triu if names.get("upper") else np.tril
    scope = {
        **VOCABULARY, "reduced": how, "cross": lambda x, y: np.cross(x, y, axis=axis), "triangle": triangle,
        "add_along": lambda v, places: _added(v, places, axis, names["x"]), **names,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        for left, code in definitions:
            value = eval(code, scope)
            if isinstance(left, ast.Tuple):
                scope |= dict(zip([e.id for e in left.elts], value, strict=True))
            else:
                scope[left.id] = value
        return eval(head, scope)
