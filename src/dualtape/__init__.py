"""dualtape: automatic differentiation for Python.

A program written for PyTorch runs with `import dualtape.torch as torch`, one written for TensorFlow with
`import dualtape.tensorflow as tf`, and either unchanged under `dualtape run program.py`. NumPy code is
differentiated as it stands by `dualtape.grad` and its kin.
"""

import warnings as _warnings
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import ops as ops
from . import standin as standin
from .core.large import waiting as _waiting
from .core.missing import missing_attribute as _missing_attribute

if _TYPE_CHECKING:
    from .compiler.jit import CompileError as CompileError
    from .compiler.jit import jit as jit
    from .core.errors import GradientWarning as GradientWarning
    from .scipy.ivp import solve_ivp as solve_ivp
    from .show import plot as plot
    from .show.alive import alive as alive
    from .show.live import explain as explain
    from .show.picture import graph as graph
    from .show.picture import show as show
    from .show.profiling import profile as profile
    from .show.trace_table import trace_table as trace_table
    from .transforms import checkpoint as checkpoint
    from .transforms import cond as cond
    from .transforms import custom_rule as custom_rule
    from .transforms import fori_loop as fori_loop
    from .transforms import grad as grad
    from .transforms import hessian as hessian
    from .transforms import hvp as hvp
    from .transforms import implicit as implicit
    from .transforms import jacfwd as jacfwd
    from .transforms import jacobian as jacobian
    from .transforms import jacrev as jacrev
    from .transforms import jet as jet
    from .transforms import jvp as jvp
    from .transforms import linearize as linearize
    from .transforms import scan as scan
    from .transforms import stop_gradient as stop_gradient
    from .transforms import value_and_grad as value_and_grad
    from .transforms import vjp as vjp
    from .transforms import vmap as vmap
    from .transforms import while_loop as while_loop
    from .trust.blame import blame_nan as blame_nan
    from .trust.check import check as check
    from .trust.doctor import doctor as doctor
    from .trust.doctor import lint as lint
    from .trust.safe import safe_gradients as safe_gradients
    from .trust.verdict import Cause as Cause
    from .trust.verdict import Verdict as Verdict
    from .trust.why import why_none as why_none

__version__ = "0.1.0"

# Where the names come from that are loaded when first asked for: a program in a front end's dialect
# needs none of them.
_LAZY = {
    "compiler.jit": ("CompileError", "jit"),
    "core.errors": ("GradientWarning",),
    "scipy.ivp": ("solve_ivp",),
    "show.alive": ("alive",),
    "show.live": ("explain",),
    "show.picture": ("graph",),
    "show.profiling": ("profile",),
    "show.trace_table": ("trace_table",),
    "transforms": (
        "checkpoint", "cond", "custom_rule", "fori_loop", "grad", "hessian", "hvp", "implicit", "jacfwd", "jacobian", "jacrev",
        "jet", "jvp", "linearize", "scan", "stop_gradient", "value_and_grad", "vjp", "vmap", "while_loop",
    ),
    "trust.blame": ("blame_nan",),
    "trust.check": ("check",),
    "trust.doctor": ("doctor", "lint"),
    "trust.safe": ("safe_gradients",),
    "trust.verdict": ("Cause", "Verdict"),
    "trust.why": ("why_none",),
}  # fmt: skip
_HOME = {name: module for module, names in _LAZY.items() for name in names}


def __getattr__(name: str) -> _Any:
    if name == "plot":
        return _import_module(f"{__name__}.show.plot")
    if name in ("numpy", "torch", "tensorflow", "transforms", "trust", "show"):
        return _import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise _missing_attribute(__name__, name, [*globals(), *_HOME])
    _import_module(f"{__name__}.numpy")  # arrays answer NumPy's protocols from here on
    found = globals()[name] = getattr(_import_module(f"{__name__}.{home}"), name)
    return found


def load_ipython_extension(shell: _Any) -> None:
    """Carry out `%load_ext dualtape`: the cell magic `%%explain`, and what tensors, modules and tapes look like."""
    _import_module(f"{__name__}.show.notebook").load(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, "plot", "show"})


# Kernels for large arrays, where llvmlite is installed.
_waiting.append(lambda: _import_module(f"{__name__}.compiler.eager.install").awaken())

# log(0) and 0/0 are values in the frameworks whose programs run here, not warnings. The user's own NumPy code
# keeps NumPy's error state: only warnings that point into dualtape are silenced.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"dualtape(\.|$)")
