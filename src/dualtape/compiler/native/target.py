"""The machine that native code is made for, and llvmlite, imported when first asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.util import find_spec
from threading import RLock
from typing import Any

from .errors import CompilerMissingError

OLDEST = (0, 45)
"""The first llvmlite that has opaque pointers only and initialises LLVM by itself."""

lock = RLock()
"""Held while LLVM's objects of this process are made or used: they are not safe for several threads."""


@dataclass(frozen=True, slots=True)
class Host:
    """What decides which machine code comes out of one module."""

    triple: str
    cpu: str
    features: str
    versions: str

    def text(self) -> str:
        """All of it, for a cache's key."""
        return "\n".join((self.triple, self.cpu, self.features, self.versions))


@functools.cache
def available() -> bool:
    """Whether llvmlite can be used, and is recent enough."""
    return _missing() is None


def require() -> None:
    """Make sure that native code can be made.

    Raises:
        CompilerMissingError: llvmlite is not installed, does not load, or is too old.
    """
    reason = _missing()
    if reason is not None:
        raise CompilerMissingError(
            f"compiled mode needs llvmlite: {reason}. Install it with: pip install dualtape[compile]"
        )


@functools.cache
def _missing() -> str | None:
    if find_spec("llvmlite") is None:
        return "it is not installed"
    try:
        import llvmlite
        import llvmlite.binding
    except (ImportError, OSError) as err:  # a broken shared library is an OSError
        return f"it does not load ({err})"
    found = tuple(int(n) for n in llvmlite.__version__.split(".")[:2])
    if found < OLDEST:
        return f"{llvmlite.__version__} is installed, at least {OLDEST[0]}.{OLDEST[1]} is needed"
    return None


@functools.cache
def binding() -> Any:
    """`llvmlite.binding` with LLVM's code generator for this machine set up.

    Raises:
        CompilerMissingError: See `require`.
    """
    require()
    import llvmlite.binding as llvm

    with lock:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    return llvm


@functools.cache
def _features() -> dict[str, bool]:
    return dict(binding().get_host_cpu_features())


@functools.cache
def host() -> Host:
    """This process's machine."""
    llvm = binding()
    features = ",".join(("+" if on else "-") + name for name, on in sorted(_features().items()))
    import llvmlite

    llvm_version = ".".join(str(n) for n in llvm.llvm_version_info)
    return Host(
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        features,
        f"llvmlite {llvmlite.__version__}, LLVM {llvm_version}",
    )


@functools.cache
def machine() -> Any:
    """The TargetMachine that code is generated with: this CPU, level 2."""
    here = host()
    with lock:
        target = binding().Target.from_triple(here.triple)
        # Position-independent code reaches imported symbols, however far away, through a table.
        return target.create_target_machine(
            cpu=here.cpu, features=here.features, opt=2, reloc="pic", codemodel="default"
        )


@functools.cache
def is_x86() -> bool:
    """Whether the instruction set is x86's, 32 or 64 bits."""
    return host().triple.split("-")[0] in {"x86_64", "amd64", "i386", "i586", "i686"}


@functools.cache
def has_fma() -> bool:
    """Whether a fused multiply-add is one instruction; where it is not, `llvm.fma` is a slow call."""
    if is_x86():
        return _features().get("fma", False)
    # The other 64-bit architectures that llvmlite runs on have it in their base set.
    return host().triple.split("-")[0] in {"aarch64", "arm64", "ppc64le", "s390x", "riscv64"}


@functools.cache
def has_wide_registers() -> bool:
    """Whether there are 32 vector registers of 64 bytes."""
    return is_x86() and _features().get("avx512f", False)
