"""Bessel functions of the first orders and the Airy function: all need SciPy.

The derivative of a function of order n is made of its neighbours n-1 and n+1 rather than divided by
x, so that it is right at 0, and at every order of differentiation.
"""

from __future__ import annotations

import math
from typing import Any

from ..core.kinds import elementwise
from .evaluation import special
from .numbers import sgn
from .trigonometric import sinc


def _family(name: str, scipy_name: str, rule: Any, doc: str) -> Any:
    """A primitive with the static parameter `order` for a family of Bessel functions."""
    return elementwise(name, special(name, scipy_name), rule, doc=doc)


def _jn_rule(d: Any, x: Any, *, order: int) -> Any:
    if order == 0:
        return -(d * bessel_jn(x, order=1))
    return d * ((bessel_jn(x, order=order - 1) - bessel_jn(x, order=order + 1)) * 0.5)


def _yn_rule(d: Any, x: Any, *, order: int) -> Any:
    if order == 0:
        return -(d * bessel_yn(x, order=1))
    return d * ((bessel_yn(x, order=order - 1) - bessel_yn(x, order=order + 1)) * 0.5)


def _in_slope(x: Any, order: int, f: Any) -> Any:
    if order == 0:
        return f(x, order=1)
    return (f(x, order=order - 1) + f(x, order=order + 1)) * 0.5


bessel_jn = _family(
    "bessel_jn", "jv", _jn_rule, "J of integer order: Bessel's function of the first kind."
)
bessel_yn = _family(
    "bessel_yn", "yn", _yn_rule, "Y of integer order: Bessel's function of the second kind."
)
bessel_in = _family(
    "bessel_in", "iv", lambda d, x, *, order: d * _in_slope(x, order, bessel_in),
    "I of integer order: the modified Bessel function of the first kind.",
)  # fmt: skip
bessel_ine = _family(
    "bessel_ine", "ive",
    lambda d, x, out, *, order: d * (_in_slope(x, order, bessel_ine) - sgn(x) * out),
    "exp(-|x|) times I of integer order.",
)  # fmt: skip
bessel_kn = _family(
    "bessel_kn", "kn", lambda d, x, *, order: -(d * _in_slope(x, order, bessel_kn)),
    "K of integer order: the modified Bessel function of the second kind.",
)  # fmt: skip
bessel_kne = _family(
    "bessel_kne", "kve", lambda d, x, out, *, order: d * (out - _in_slope(x, order, bessel_kne)),
    "exp(x) times K of integer order.",
)  # fmt: skip

j0 = elementwise("bessel_j0", special("bessel_j0", "j0"), lambda d, x: -(d * j1(x)))
j1 = elementwise("bessel_j1", special("bessel_j1", "j1"), lambda d, x: _jn_rule(d, x, order=1))
y0 = elementwise("bessel_y0", special("bessel_y0", "y0"), lambda d, x: -(d * y1(x)))
y1 = elementwise("bessel_y1", special("bessel_y1", "y1"), lambda d, x: _yn_rule(d, x, order=1))
i0 = elementwise("i0", special("i0", "i0"), lambda d, x: d * i1(x))
i1 = elementwise(
    "i1", special("i1", "i1"), lambda d, x: d * ((i0(x) + bessel_in(x, order=2)) * 0.5),
    grad_name="SpecialI1Backward0",
)  # fmt: skip
i0e = elementwise(
    "i0e", special("i0e", "i0e"), lambda d, x, out: d * (i1e(x) - sgn(x) * out),
    grad_name="SpecialI0EBackward0", doc="exp(-|x|) * i0(x).",
)  # fmt: skip
i1e = elementwise(
    "i1e", special("i1e", "i1e"),
    lambda d, x, out: d * ((i0e(x) + bessel_ine(x, order=2)) * 0.5 - sgn(x) * out),
    grad_name="SpecialI1EBackward0", doc="exp(-|x|) * i1(x).",
)  # fmt: skip
k0 = elementwise("bessel_k0", special("bessel_k0", "k0"), lambda d, x: -(d * k1(x)))
k1 = elementwise(
    "bessel_k1",
    special("bessel_k1", "k1"),
    lambda d, x: -(d * ((k0(x) + bessel_kn(x, order=2)) * 0.5)),
)
k0e = elementwise(
    "bessel_k0e", special("bessel_k0e", "k0e"), lambda d, x, out: d * (out - k1e(x)),
    doc="exp(x) * k0(x).",
)  # fmt: skip
k1e = elementwise(
    "bessel_k1e", special("bessel_k1e", "k1e"),
    lambda d, x, out: d * (out - (k0e(x) + bessel_kne(x, order=2)) * 0.5), doc="exp(x) * k1(x).",
)  # fmt: skip


def spherical_j0(x: Any) -> Any:
    """Return sin(x) / x, the spherical Bessel function of order 0."""
    return sinc(x * (1 / math.pi))


airy_ai = elementwise(
    "airy_ai", special("airy_ai", "airy", part=0), lambda d, x: d * airy_ai_slope(x),
    doc="Airy's function Ai, the bounded solution of y'' = x y.",
)  # fmt: skip
airy_ai_slope = elementwise(
    "airy_ai_slope", special("airy_ai", "airy", part=1), lambda d, x: d * (x * airy_ai(x)),
    doc="The derivative of Airy's function Ai.",
)  # fmt: skip
