"""State dicts: what `Module.state_dict` gives and `load_state_dict` takes."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...core import modes
from ...core.tensor import alias
from .._tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA = "_extra_state"


_Keys = namedtuple("_Keys", ["missing_keys", "unexpected_keys"])  # a subclass overrides __repr__


class IncompatibleKeys(_Keys):
    """The names that a state dict lacked, and those it had too many."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"

    __str__ = __repr__


def _has_extra(module: Module) -> bool:
    return not hasattr(type(module).get_extra_state, "of_base")


def state_of(module: Module, into: Any, prefix: str, keep_vars: bool) -> Any:
    """Fill `into` with the state of `module` and of all below it."""
    metadata = getattr(into, "_metadata", None)
    if metadata is None and isinstance(into, OrderedDict):
        into._metadata = metadata = OrderedDict()  # type: ignore[attr-defined]
    local = {"version": module._version}
    if metadata is not None:
        metadata[prefix[:-1]] = local
    for hook in module._state_dict_pre_hooks.values():
        hook(module, prefix, keep_vars)
    keep_vars = keep_vars or module._lazy  # what has no shape yet cannot be shared
    for name, p in module._parameters.items():
        if p is not None:
            into[prefix + name] = p if keep_vars else alias(p)
    for name, b in module._buffers.items():
        if b is not None and name not in module._non_persistent_buffers_set:
            into[prefix + name] = b if keep_vars else alias(b)
    if _has_extra(module):
        into[prefix + EXTRA] = module.get_extra_state()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=into, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in module._state_dict_hooks.values():
        back = hook(module, into, prefix, local)
        if back is not None:
            into = back
    return into


def load_into(
    module: Module, state: Mapping[str, Any], strict: bool, assign: bool
) -> IncompatibleKeys:
    """Copy a state dict into a module; see `Module.load_state_dict`.

    Raises:
        TypeError: Not a mapping.
        RuntimeError: Shapes differ, or (strict) names do.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    given = OrderedDict(state)
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    with modes.switched(on=modes.NO_GRAD):
        _load(module, given, "", strict, assign, missing, unexpected, errors)
    if strict:
        if unexpected:
            names = ", ".join(f'"{k}"' for k in unexpected)
            errors.insert(0, f"Unexpected key(s) in state_dict: {names}. ")
        if missing:
            names = ", ".join(f'"{k}"' for k in missing)
            errors.insert(0, f"Missing key(s) in state_dict: {names}. ")
    if errors:
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors)
        )
    return IncompatibleKeys(missing, unexpected)


def _load(
    module: Module,
    given: dict[str, Any],
    prefix: str,
    strict: bool,
    assign: bool,
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
) -> None:
    for hook in module._load_state_dict_pre_hooks.values():
        hook(module, given, prefix, {}, strict, missing, unexpected, errors)
    own: dict[str, Any] = {**module._parameters}
    own.update(
        {k: b for k, b in module._buffers.items() if k not in module._non_persistent_buffers_set}
    )
    for name, target in own.items():
        if target is None:
            continue
        key = prefix + name
        if key not in given:
            missing.append(key)
            continue
        source = given[key]
        if not isinstance(source, Tensor):
            errors.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(source)}"
            )
            continue
        if module._lazy and hasattr(target, "cls_to_become") and hasattr(source, "cls_to_become"):
            continue
        if tuple(source.shape) != tuple(target.shape):
            errors.append(
                f"size mismatch for {key}: copying a param with shape {source.shape} from checkpoint, the shape in "
                f"current model is {target.shape}."
            )
        elif assign:
            new = (
                Parameter(source, target.requires_grad) if isinstance(target, Parameter) else source
            )
            setattr(module, name, new)
        else:
            target.copy_(source)
    if _has_extra(module):
        if prefix + EXTRA in given:
            module.set_extra_state(given[prefix + EXTRA])
        else:
            missing.append(prefix + EXTRA)
    children = {n: m for n, m in module._modules.items() if m is not None}
    for key in given:
        if key.startswith(prefix) and key != prefix + EXTRA:
            name, _, rest = key[len(prefix) :].partition(".")
            if (name not in children or not rest) and name not in own:
                unexpected.append(key)
    for name, child in children.items():
        below = {k: v for k, v in given.items() if k.startswith(f"{prefix}{name}.")}
        _load(child, below, f"{prefix}{name}.", strict, assign, missing, unexpected, errors)
    keys = IncompatibleKeys(missing, unexpected)
    for hook in module._load_state_dict_post_hooks.values():
        hook(module, keys)
