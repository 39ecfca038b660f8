"""AutoGraph: Python's control flow in a `tf.function` becomes part of the program where tensors decide.

`converted` rewrites a function (and, when they are called, the user's functions that it calls): its conditions and
loops become calls of `running`, which looks at what decides. A Python value leaves everything to Python; a tensor that
is being traced makes a condition or a loop of the program (`transforms.loops`).
"""

from . import experimental, running
from .source import converted, to_code, to_graph

__all__ = ["converted", "experimental", "running", "to_code", "to_graph"]
