"""Errors of the engine. Each is also the built-in type that programs already catch."""

from __future__ import annotations

import numpy as np


class DualtapeError(Exception):
    """Base of every error that dualtape raises on purpose."""


class ShapeError(DualtapeError, ValueError, RuntimeError):
    """Shapes do not fit. PyTorch raises RuntimeError here and NumPy ValueError; this is both."""


class DtypeError(DualtapeError, TypeError, RuntimeError):
    """An element type does not fit the operation."""


class ArgumentError(DualtapeError, ValueError, RuntimeError):
    """A setting that the operation does not take. PyTorch raises RuntimeError here; this is both."""


class IntegerDivisionError(DualtapeError, ZeroDivisionError, RuntimeError):
    """An integer was divided by zero: an error everywhere but in NumPy."""


class BoundsError(DualtapeError, IndexError, RuntimeError):
    """An index out of range. PyTorch raises IndexError here and RuntimeError there; this is both."""


class ModeError(DualtapeError, NotImplementedError):
    """The operation has no such mode for this input."""


class LinAlgError(DualtapeError, RuntimeError, np.linalg.LinAlgError):
    """A factorisation could not be completed: singular, not positive definite, not converged."""


class GraphError(DualtapeError, RuntimeError):
    """The recorded graph cannot answer: freed, not recorded, or not reaching the input."""


class InplaceError(DualtapeError, RuntimeError):
    """An in-place write that would make a gradient wrong, or that has already done so."""


class NotDifferentiableError(DualtapeError, RuntimeError):
    """The derivative does not exist mathematically (for instance through an integer result)."""


class MissingRuleError(DualtapeError, NotImplementedError, RuntimeError):
    """The derivative exists and dualtape does not have it yet."""


class RuleError(DualtapeError, RuntimeError):
    """A derivative rule broke its contract: wrong count, shape or dtype. A bug in the rule."""


class TransformError(DualtapeError, RuntimeError):
    """A value of a transformation was used where it has no meaning (escaped, or made concrete)."""


class StructureError(DualtapeError, ValueError, RuntimeError):
    """Nested containers do not match: another kind, other keys or another length."""


class ConcreteError(TransformError, TypeError):
    """Plain numbers were asked of a value that is being differentiated, batched or traced."""


class GradientWarning(UserWarning):
    """A gradient that is missing or may not be what is meant; given only where the program asked for it."""
