"""Errors of native code."""

from __future__ import annotations

from ...core.errors import DualtapeError


class NativeError(DualtapeError, RuntimeError):
    """The compiler broke its own contract: LLVM refused its code, or compiled code reported a failure."""


class CompilerMissingError(DualtapeError, ImportError):
    """Native code was asked for, and llvmlite is not installed or too old."""
