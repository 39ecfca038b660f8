"""`tf.print`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .convert import as_tensor
from .print_op import print_text, write_text
from .tensor import EagerTensor, Readable


def array_or_none(x: Any) -> np.ndarray[Any, Any] | None:
    """The value of a tensor or variable, None for anything else."""
    return np.asarray(as_tensor(x)) if isinstance(x, (EagerTensor, Readable)) else None


def print(*inputs: Any, **kwargs: Any) -> None:
    """Write tensors and other values, to the standard error by default.

    Args:
        inputs: What to write.
        kwargs: `output_stream`, `summarize`, `sep`, `end`, `name`.

    Raises:
        ValueError: Another keyword, or an unknown stream.
    """
    stream = kwargs.pop("output_stream", None)
    summarize = kwargs.pop("summarize", 3)
    sep = kwargs.pop("sep", " ")
    end = kwargs.pop("end", "\n")
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    write_text(print_text(inputs, array_or_none, sep, end, summarize), stream)
