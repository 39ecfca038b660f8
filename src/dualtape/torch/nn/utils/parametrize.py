"""PyTorch's `torch.nn.utils.parametrize`: parameters that are functions of other parameters.

A parametrised tensor becomes a property of a class made for its module alone, and what it is computed from lives
in a `ParametrizationList` under `module.parametrizations`.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from ....core import modes
from ..._tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

_cache: ContextVar[dict[Any, Any] | None] = ContextVar("dualtape_parametrized", default=None)


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrised tensor once in the block."""
    token = _cache.set({} if _cache.get() is None else _cache.get())
    try:
        yield
    finally:
        _cache.reset(token)


def _keep(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


class ParametrizationList(ModuleList):
    """The maps that make a tensor, and `original` (or `original0`, `original1`, ...) that they begin with.

    Args:
        modules: The maps, the first to be applied first.
        original: The tensor as it was.
        unsafe: Whether the result may differ from it in shape and dtype.

    Raises:
        ValueError: A map or its inverse gives something else than tensors, or of another shape or dtype.
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new = original
        with modes.switched(on=modes.NO_GRAD):
            for m in reversed(self):
                if hasattr(m, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):
                        new = m.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        if isinstance(new, Tensor):
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
                )
            original.data = new.detach()
            _keep(self, "original", original)
        else:
            for i, part in enumerate(new):
                if not isinstance(part, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                        f"element {i} of the sequence with type {type(part).__name__}."
                    )
                if isinstance(original, Parameter):
                    part = Parameter(part.detach(), original.requires_grad)
                _keep(self, f"original{i}", part)
            self.ntensors = len(new)
        if not unsafe:
            check_result("Registering a parametrization", self(), original)

    def right_inverse(self, value: Tensor) -> None:
        """Set what the tensor is computed from, so that it becomes `value`.

        Raises:
            RuntimeError: A map has no `right_inverse`.
        """
        with modes.switched(on=modes.NO_GRAD):
            for m in reversed(self):
                if not hasattr(m, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(m).__name__} does not implement right_inverse."
                    )
                value = m.right_inverse(value)
        if self.is_tensor:
            self.original.data = value.detach()
        else:
            for i, part in enumerate(value):
                getattr(self, f"original{i}").data = part.detach()

    def forward(self) -> Any:
        """The parametrised tensor."""
        originals = (
            [self.original]
            if self.is_tensor
            else [getattr(self, f"original{i}") for i in range(self.ntensors)]
        )
        first, *others = list(self)
        x = first(*originals)
        for m in others:
            x = m(x)
        return x


def check_result(what: str, new: Any, old: Any) -> None:
    """Raise where a parametrisation makes another kind of tensor.

    Raises:
        ValueError: It does.
    """
    if not isinstance(new, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(new).__name__}.")
    for name in ("dtype", "shape"):
        if getattr(new, name) != getattr(old, name):
            raise ValueError(
                f"{what} may not change the {name} of the tensor, unless `unsafe` flag is enabled.\n"
                f"{name} before: {getattr(old, name)}, after: {getattr(new, name)}"
            )


class _Parametrized:
    """What the classes made for parametrised modules add."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A copy with a class of its own: what is removed from one stays in the other."""
        if id(self) in memo:
            return memo[id(self)]
        own = type(self)
        new = object.__new__(_class_for(own.__bases__[0]))
        memo[id(self)] = new
        new.__dict__ = copy.deepcopy(self.__dict__, memo)
        for name in new.parametrizations:
            setattr(type(new), name, _property(name))
        return new

    def __getstate__(self) -> Any:
        """Refuse to be pickled.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )


def _class_for(base: type) -> Any:
    body = {
        "__deepcopy__": _Parametrized.__deepcopy__,
        "__getstate__": _Parametrized.__getstate__,
        "__module__": base.__module__,
        "__doc__": base.__doc__,
    }
    return type("Parametrized" + base.__name__, (base,), body)


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        found = _cache.get()
        if found is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in found:
            found[key] = self.parametrizations[name]()
        return found[key]

    def put(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer of a module be computed by another module.

    Args:
        module: Its class is replaced by one made for it.
        tensor_name: Which parameter or buffer.
        parametrization: Maps the original to the value; its `right_inverse`, if any, maps the value that there is
            now to the original (or several), and is used when the tensor is assigned to.
        unsafe: Whether the value may differ from the original in shape and dtype.

    Returns:
        The module.

    Raises:
        ValueError: There is no such tensor, or the value differs.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain = module.parametrizations[tensor_name]
        if not unsafe:
            old = getattr(module, tensor_name)
            check_result("Registering a parametrization", parametrization(old), old)
        chain.append(parametrization)
        chain.unsafe = chain.unsafe or unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        chain = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _class_for(type(module))
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrised tensors, or that one."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a parametrised tensor an ordinary one again.

    Args:
        module: The module, whose class becomes what it was when nothing is parametrised any more.
        tensor_name: Which tensor.
        leave_parametrized: Whether it keeps its value, or goes back to the original.

    Raises:
        ValueError: It is not parametrised; or there is no one original to go back to.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with modes.switched(on=modes.NO_GRAD):
                original.data = getattr(module, tensor_name).detach().clone()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    _keep(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before anything was parametrised."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrise a module as another one, with the other's originals.

    Args:
        from_module, to_module: From where to where.
        tensor_name: Of one tensor; of all for None.
    """
    if is_parametrized(from_module):
        names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
        for name in names:
            source = from_module.parametrizations[name]
            if not hasattr(to_module, name):
                _keep(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
            for parametrization in source:
                register_parametrization(to_module, name, parametrization, unsafe=True)
            target = to_module.parametrizations[name]
            for kind in ("_parameters", "_buffers"):
                getattr(target, kind).update(getattr(source, kind))
    return to_module
