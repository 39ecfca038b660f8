"""`nn.Module`: parameters, buffers and submodules found by attribute, moved, saved and loaded together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .._tensor import Tensor
from ..autograd.hooks import RemovableHandle
from .backward_hooks import BackwardHooks
from .everywhere import Hook as _Hook
from .everywhere import everywhere, hook_number, with_everywhere
from .everywhere import register_module_backward_hook as register_module_backward_hook
from .everywhere import register_module_forward_hook as register_module_forward_hook
from .everywhere import register_module_forward_pre_hook as register_module_forward_pre_hook
from .everywhere import register_module_full_backward_hook as register_module_full_backward_hook
from .everywhere import (
    register_module_full_backward_pre_hook as register_module_full_backward_pre_hook,
)
from .module_conversions import ConvertibleModule
from .parameter import Buffer, Parameter
from .state import IncompatibleKeys, load_into, state_of


class Module(ConvertibleModule):
    """Base of all layers and models. Subclasses define `forward` and call `super().__init__()` first.

    Attributes:
        training: Whether dropout and the like are active; `train()` and `eval()` set it.
    """

    training: bool
    _optimized: ClassVar[Any]  # what `torch.compile` makes of a module; see `compiled`
    dump_patches = False
    call_super_init = False
    _version = 1
    _lazy = False  # whether it may have parameters without a shape

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs or args:
            given = next(iter(kwargs), None)
            if given is not None:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{given}'"
                )
            raise TypeError(
                f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        put = object.__setattr__
        put(self, "training", True)
        put(self, "_parameters", {})
        put(self, "_buffers", {})
        put(self, "_non_persistent_buffers_set", set())
        put(self, "_modules", {})
        put(self, "_forward_hooks", {})
        put(self, "_forward_pre_hooks", {})
        put(self, "_backward_hooks", {})
        put(self, "_backward_pre_hooks", {})
        put(self, "_state_dict_hooks", {})
        put(self, "_state_dict_pre_hooks", {})
        put(self, "_load_state_dict_pre_hooks", {})
        put(self, "_load_state_dict_post_hooks", {})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's output; every subclass defines its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # --- calling --------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, and the hooks around it."""
        d = self.__dict__
        if not (
            d["_forward_hooks"]
            or d["_forward_pre_hooks"]
            or d["_backward_hooks"]
            or d["_backward_pre_hooks"]
            or everywhere
        ):
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook in list(with_everywhere("forward_pre", self._forward_pre_hooks).values()):
            if hook.with_kwargs:
                back = hook.function(self, args, kwargs)
                if back is not None:
                    if not (isinstance(back, tuple) and len(back) == 2):
                        raise RuntimeError(
                            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {back}."
                        )
                    args, kwargs = back
            else:
                back = hook.function(self, args)
                if back is not None:
                    args = back if isinstance(back, tuple) else (back,)
        backward = None
        hooks = with_everywhere("backward", self._backward_hooks)
        pre_hooks = with_everywhere("backward_pre", self._backward_pre_hooks)
        if hooks or pre_hooks:
            backward = BackwardHooks(self, hooks, pre_hooks)
            args = backward.inputs(args)
        try:
            out = self.forward(*args, **kwargs)
        except Exception:
            for hook in list(with_everywhere("forward", self._forward_hooks).values()):
                if hook.always:
                    hook.function(self, args, None)
            raise
        for hook in list(with_everywhere("forward", self._forward_hooks).values()):
            back = (
                hook.function(self, args, kwargs, out)
                if hook.with_kwargs
                else hook.function(self, args, out)
            )
            if back is not None:
                out = back
        return out if backward is None else backward.outputs(out)

    def _added(self, hooks: dict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
        number = next(hook_number)
        hooks[number] = hook
        if prepend:
            rest = {k: v for k, v in hooks.items() if k != number}
            hooks.clear()
            hooks[number] = hook
            hooks.update(rest)
        return RemovableHandle(hooks, number)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; its result replaces the output."""
        return self._added(self._forward_hooks, _Hook(hook, with_kwargs, always_call), prepend)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; its result replaces the arguments."""
        return self._added(self._forward_pre_hooks, _Hook(hook, with_kwargs), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are there."""
        return self._added(self._backward_hooks, hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are there."""
        return self._added(self._backward_pre_hooks, hook, prepend)

    # --- attributes -----------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        d = self.__dict__
        parameters = d.get("_parameters")
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if parameters is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, "_modules")
            d["_modules"][name] = value
        elif parameters is None:
            object.__setattr__(self, name, value)
        elif name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            parameters[name] = None
        elif name in d["_modules"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            d["_modules"][name] = None
        elif isinstance(value, Buffer) or name in d["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None expected)"
                )
            if isinstance(value, Buffer) and name not in d["_buffers"]:
                self.register_buffer(name, value, value.persistent)
            else:
                d["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, keep: str) -> None:
        d = self.__dict__
        d.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != keep:
                d[kind].pop(name, None)
        d["_non_persistent_buffers_set"].discard(name)

    def __getattr__(self, name: str) -> Any:
        d = self.__dict__
        for kind in ("_parameters", "_buffers", "_modules"):
            found = d.get(kind)
            if found is not None and name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name.

        Raises:
            KeyError: The name is taken, empty, or has a dot.
            TypeError: Not a Parameter.
        """
        self._check_name(name, "parameter", "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To "
                f"express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer: state that is not trained.

        Args:
            name: The attribute.
            tensor: Its value.
            persistent: Whether it is part of the state dict.
        """
        self._check_name(name, "buffer", "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (
            self._non_persistent_buffers_set.discard
            if persistent
            else self._non_persistent_buffers_set.add
        )(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_type_name(module)} is not a Module subclass")
        self._check_name(name, "module", "_modules")
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, name: str, what: str, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {_type_name(name)}")
        if "." in name:
            raise KeyError(
                f'{what} name can\'t contain "."' + (f", got: {name}" if what == "module" else "")
            )
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[kind]:
            raise KeyError(f"attribute '{name}' already exists")

    # --- state ----------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """The parameters and persistent buffers by dotted name, sharing memory.

        Args:
            args: Deprecated positional form of the following.
            destination: A dict to fill.
            prefix: Put before every name.
            keep_vars: Give the parameters themselves rather than detached tensors.
        """
        for name, value in zip(("destination", "prefix", "keep_vars"), args, strict=False):
            destination, prefix, keep_vars = (
                value if name == "destination" else destination,
                value if name == "prefix" else prefix,
                value if name == "keep_vars" else keep_vars,
            )
        return state_of(
            self, OrderedDict() if destination is None else destination, prefix, keep_vars
        )

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values into the parameters and buffers.

        Args:
            state_dict: As from `state_dict()`.
            strict: Whether missing and unexpected names are an error.
            assign: Take the given tensors instead of copying their values.

        Raises:
            RuntimeError: Shapes differ, or (strict) names do.
        """
        return load_into(self, state_dict, strict, assign)

    def get_extra_state(self) -> Any:
        """Further state to save; overridden by modules that have some."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called."
        )

    get_extra_state.of_base = True  # type: ignore[attr-defined]  # `state` asks whether it was overridden

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called."
        )

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after this module's part is written."""
        return self._added(self._state_dict_hooks, hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before this module's part is written."""
        return self._added(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, ...)` before this module's part is loaded."""
        return self._added(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after this module's part is loaded."""
        return self._added(self._load_state_dict_post_hooks, hook)

    # --- printing -------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The arguments to show in `repr`."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({n}): {indented(repr(m))}" for n, m in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"


def indented(text: str) -> str:
    """Text as part of another module's: two more spaces in every line but the first."""
    return text.replace("\n", "\n  ")


def _type_name(x: Any) -> str:
    if isinstance(x, Tensor):
        return x.type()  # type: ignore[no-any-return]
    t = type(x)
    return f"{t.__module__}.{t.__qualname__}" if t.__module__ != "builtins" else t.__qualname__
