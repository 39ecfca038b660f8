"""`torch.save` and `torch.load`, in dualtape's own format.

A file is the line `dualtape 1` followed by a pickle, in which a tensor is its NumPy array, whether it
requires a gradient, and its class. PyTorch's own `.pt` files are not read yet, and PyTorch does not read
these. Loading allows what tensors and nested containers are made of; `weights_only=False` allows all
that pickle does, which can run code: use it for files of your own only.
"""

from __future__ import annotations

import collections
import io
import os
import pickle
from typing import Any

from ..core.errors import DualtapeError

MAGIC = b"dualtape 1\n"


class UnpicklingError(DualtapeError, pickle.UnpicklingError):
    """The file is not one of dualtape's, or holds what `weights_only` does not allow."""


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = None,
    pickle_protocol: int = 4,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write tensors, and containers of them such as state dicts, to a file that `load` reads.

    Args:
        obj: What to save: tensors, numbers, strings, and (nested) containers of these; modules and
            other objects as far as pickle goes.
        f: A path, or a file object open for writing bytes.
        pickle_module: Accepted; the format is fixed.
        pickle_protocol: Accepted; the format is fixed.
    """
    memory = io.BytesIO()
    pickle.dump(obj, memory, protocol=4)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as file:
            file.write(MAGIC + memory.getvalue())
    else:
        f.write(MAGIC + memory.getvalue())


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save` wrote.

    Args:
        f: A path, or a file object open for reading bytes.
        map_location: Accepted: everything is on the CPU.
        pickle_module: Accepted, without effect.
        weights_only: Whether only tensors, numbers, strings and containers may be loaded (the
            default).
        mmap: Accepted, without effect.
        **pickle_load_args: Accepted, without effect.

    Raises:
        pickle.UnpicklingError: PyTorch's own format, another kind of file, or an object that
            `weights_only` does not allow.
        FileNotFoundError: There is no such file.
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            content = file.read()
    else:
        content = f.read()
    if not content.startswith(MAGIC):
        if content.startswith(b"PK\x03\x04") or content.startswith(
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
        ):
            raise UnpicklingError(
                "this is a file of PyTorch's own format, which dualtape does not read yet: convert it once, "
                "where PyTorch is installed, to .npz (numpy.savez of the state dict's arrays) or safetensors"
            )
        raise UnpicklingError("this is not a file that torch.save of dualtape wrote")
    memory = io.BytesIO(content[len(MAGIC) :])
    if weights_only is None or weights_only:
        return _Careful(memory).load()
    return pickle.load(memory)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "Counter"): collections.Counter,
    ("collections", "defaultdict"): collections.defaultdict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "complex"): complex,
    ("builtins", "slice"): slice,
    ("builtins", "range"): range,
}
_OWN = {
    ("dualtape.torch._tensor", "_rebuild"), ("dualtape.torch._tensor", "Tensor"), ("dualtape.torch.dtypes", "_named"),
    ("dualtape.torch.nn.parameter", "Parameter"), ("dualtape.torch.nn.parameter", "Buffer"),
    ("dualtape.torch.sizes", "Size"), ("dualtape.torch.sizes", "device"), ("dualtape.torch.sizes", "_constant"),
    ("numpy", "dtype"), ("numpy", "ndarray"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"), ("_codecs", "encode"),
    ("ml_dtypes", "bfloat16"),
}  # fmt: skip


class _Careful(pickle.Unpickler):
    """Loads only what tensors and containers are made of."""

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is not None:
            return found
        if (module, name) in _OWN or (module.startswith("numpy") and name.endswith("DType")):
            return super().find_class(module, name)
        raise UnpicklingError(
            f"Weights only load failed. {module}.{name} was not an allowed global by default. Only if you "
            "trust the source of the file: torch.load(..., weights_only=False)."
        )


__all__ = ["load", "save"]
