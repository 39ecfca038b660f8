"""Transformations: functions in, functions out. Start with `surface.py`, then `reverse.py`.

Names are loaded when first asked for: a front end needs a few of these files, and most programs none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import implicit as implicit
    from .batch import vmap as vmap
    from .control import cond as cond
    from .control import fori_loop as fori_loop
    from .control import scan as scan
    from .control import while_loop as while_loop
    from .custom import custom_rule as custom_rule
    from .forward import jvp as jvp
    from .forward import linearize as linearize
    from .jacobians import hessian as hessian
    from .jacobians import hvp as hvp
    from .jacobians import jacfwd as jacfwd
    from .jacobians import jacobian as jacobian
    from .jacobians import jacrev as jacrev
    from .jets import jet as jet
    from .recompute import checkpoint as checkpoint
    from .reverse import grad as grad
    from .reverse import value_and_grad as value_and_grad
    from .reverse import vjp as vjp
    from .stop import stop_gradient as stop_gradient

_FILES = {
    "batch": ("vmap",),
    "control": ("cond", "fori_loop", "scan", "while_loop"),
    "custom": ("custom_rule",),
    "forward": ("jvp", "linearize"),
    "jacobians": ("hessian", "hvp", "jacfwd", "jacobian", "jacrev"),
    "jets": ("jet",),
    "recompute": ("checkpoint",),
    "reverse": ("grad", "value_and_grad", "vjp"),
    "stop": ("stop_gradient",),
}
NAMES = {"implicit": "implicit", **{n: file for file, names in _FILES.items() for n in names}}
"""The public names, and the files that they are in."""


def __getattr__(name: str) -> Any:
    file = NAMES.get(name)
    if file is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{file}")
    found = globals()[name] = module if file == name == "implicit" else getattr(module, name)
    return found
