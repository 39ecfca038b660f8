"""Running native code: the host, the object cache, loading, and calling without Python on the way. Read `plan.py`."""

from .call import make_call
from .errors import NativeError
from .library import Library, load
from .plan import Plan
from .target import available, has_fma, require

__all__ = [
    "Library",
    "NativeError",
    "Plan",
    "available",
    "has_fma",
    "load",
    "make_call",
    "require",
]
