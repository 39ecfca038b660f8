"""`torch.Size`, `torch.device`, layouts and memory formats: the small objects that describe a tensor."""

from __future__ import annotations

from typing import Any


class Size(tuple[int, ...]):
    """A tensor's shape: a tuple of ints that prints as PyTorch's."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements."""
        n = 1
        for s in self:
            n *= s
        return n

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __str__(self) -> str:
        return repr(self)

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple.__add__(tuple(other), self))

    def __getitem__(self, item: Any) -> Any:
        found = tuple.__getitem__(self, item)
        return Size(found) if isinstance(item, slice) else found


class device:
    """Where a tensor lives. dualtape has the CPU, and `meta` only as a name.

    Raises:
        RuntimeError: Not a device string; or a device that dualtape does not have.
    """

    __slots__ = ("index", "type")
    index: int | None
    type: str

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        name, _, number = str(type).partition(":")
        if name not in ("cpu",):
            known = ("cuda", "mps", "xpu", "meta", "hip", "xla", "mkldnn", "vulkan", "hpu", "mtia")
            if name in known:
                raise RuntimeError(
                    f"dualtape computes on the CPU only; device {type!r} is not available "
                    "(torch.cuda.is_available() is False)"
                )
            raise RuntimeError(
                f"Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, "
                f"xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at start of device "
                f"string: {name}"
            )
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}')"
            if self.index is None
            else (f"device(type='{self.type}', index={self.index})")
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        return self

    def __exit__(self, *_: object) -> None:
        return None


CPU = device("cpu")


class _Named:
    """A constant of PyTorch's that is only a name here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> Any:
        return _constant, (self.name,)


def _constant(name: str) -> Any:
    return _BY_NAME[name]


class layout(_Named):
    """A memory layout; dualtape has `torch.strided`."""

    __slots__ = ()


class memory_format(_Named):
    """An order of axes in memory, accepted and kept where NumPy keeps it."""

    __slots__ = ()


strided = layout("torch.strided")
sparse_coo = layout("torch.sparse_coo")
sparse_csr = layout("torch.sparse_csr")
jagged = layout("torch.jagged")
contiguous_format = memory_format("torch.contiguous_format")
preserve_format = memory_format("torch.preserve_format")
channels_last = memory_format("torch.channels_last")
channels_last_3d = memory_format("torch.channels_last_3d")

_BY_NAME = {
    x.name: x
    for x in (
        strided,
        sparse_coo,
        sparse_csr,
        jagged,
        contiguous_format,
        preserve_format,
        channels_last,
        channels_last_3d,
    )
}
