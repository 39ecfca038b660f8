"""PyTorch's `torch.nn.utils.prune`: weights set to zero by a mask, recomputed before each call."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any, ClassVar

from ....core import modes
from ..._tensor import Tensor
from ...alike import ones_like
from ...joints import cat
from ...sampling import rand, rand_like
from ..module import Module


class BasePruningMethod(abc.ABC):
    """A way to choose what to prune, and the hook that applies the choices made for one tensor.

    A subclass gives `compute_mask`, and `PRUNING_TYPE`: "unstructured" (it is shown what is not pruned yet),
    "structured" (whole channels along its `dim`) or "global" (it is shown all).
    """

    PRUNING_TYPE: ClassVar[str] = "unstructured"
    dim: int
    tensor_name: str
    methods: tuple[BasePruningMethod, ...]

    @abc.abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask for the importances `t`, zero where `default_mask` is and where more is pruned."""

    def __call__(self, module: Any, inputs: Any) -> None:
        """Set the tensor before a call."""
        setattr(module, self.tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Any) -> Tensor:
        """The tensor times its mask."""
        mask = getattr(module, self.tensor_name + "_mask")
        original = getattr(module, self.tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original  # type: ignore[no-any-return]

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None
    ) -> Tensor:
        """A tensor pruned, of the same shape."""
        mask = ones_like(t) if default_mask is None else default_mask
        scores = t if importance_scores is None else importance_scores
        return t * self.compute_mask(scores, mask)  # type: ignore[no-any-return]

    def further_mask(self, scores: Tensor, mask: Tensor) -> Tensor:
        """A mask that prunes more than `mask` does."""
        if self.PRUNING_TYPE == "global":
            return self.compute_mask(scores, mask)
        if self.PRUNING_TYPE == "unstructured":
            places: Any = mask.eq(1)
        elif self.PRUNING_TYPE == "structured":
            dim = self.dim % scores.ndim
            others = [d for d in range(scores.ndim) if d != dim]
            places = (slice(None),) * dim + (mask.sum(dim=others) != 0,)
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {self.PRUNING_TYPE}")
        new: Tensor = mask.clone()
        new[places] = self.compute_mask(scores[places], mask[places])
        return new

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a tensor of a module, further if it is pruned already, before each call from now on.

        Args:
            module: The module.
            name: The parameter's name; it becomes `name_orig`, with a buffer `name_mask`.
            args, kwargs: The settings of the method.
            importance_scores: What to choose by; the values by default.
        """
        own = cls(*args, **kwargs)
        own.tensor_name = name
        before = pruning_of(module, name)
        with modes.switched(on=modes.NO_GRAD):
            tensor = getattr(module, name).detach()
            scores = tensor if importance_scores is None else importance_scores
            if tuple(scores.shape) != tuple(tensor.shape):
                raise AssertionError(
                    f"importance_scores should have the same shape as parameter {name} of {module}"
                )
            mask = ones_like(tensor) if before is None else getattr(module, name + "_mask")
            mask = own.further_mask(scores, mask.to(dtype=tensor.dtype))
        if before is None:
            original = module._parameters.pop(name)
            module.register_parameter(name + "_orig", original)
            module.register_buffer(name + "_mask", mask)
            own.methods = (own,)
        else:
            key, hook = before
            del module._forward_pre_hooks[key]
            setattr(module, name + "_mask", mask)
            own.methods = (*hook.methods, own)
        setattr(module, name, own.apply_mask(module))
        module.register_forward_pre_hook(own)
        return own

    def remove(self, module: Module) -> None:
        """Make the pruned tensor a parameter again, with its zeros."""
        name = self.tensor_name
        weight = self.apply_mask(module)
        original: Any = module._parameters.pop(name + "_orig")
        original.data = weight.detach()
        del module._buffers[name + "_mask"]
        module.__dict__.pop(name, None)
        setattr(module, name, original)


def pruning_of(module: Any, name: str) -> tuple[int, BasePruningMethod] | None:
    """The hook that prunes a tensor of a module, and its key; None for none."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook.function, BasePruningMethod) and hook.function.tensor_name == name:
            return key, hook.function
    return None


def _count(amount: Any, size: int) -> int:
    """How many of `size` to prune.

    Raises:
        TypeError, ValueError: `amount` is neither a share nor a count that fits.
    """
    if not isinstance(amount, (int, float)) or isinstance(amount, bool):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if (isinstance(amount, int) and amount < 0) or (
        isinstance(amount, float) and not 0.0 <= amount <= 1.0
    ):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
        )
    if isinstance(amount, int):
        if amount > size:
            raise ValueError(
                f"amount={amount} should be smaller than the number of parameters to prune={size}"
            )
        return amount
    return round(amount * size)


class Identity(BasePruningMethod):
    """Prunes nothing more."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random: a share `amount` (float) or that many (int)."""

    def __init__(self, amount: Any) -> None:
        _count(amount, 2**62)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        count = _count(self.amount, t.nelement())
        mask: Tensor = default_mask.clone()
        if count:
            mask.view(-1)[rand_like(t).view(-1).topk(count).indices] = 0
        return mask


class L1Unstructured(BasePruningMethod):
    """Prunes the smallest elements: a share `amount` (float) or that many (int)."""

    def __init__(self, amount: Any) -> None:
        _count(amount, 2**62)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        count = _count(self.amount, t.nelement())
        mask: Tensor = default_mask.clone()
        if count:
            mask.view(-1)[t.abs().view(-1).topk(count, largest=False).indices] = 0
        return mask


class LnStructured(BasePruningMethod):
    """Prunes the channels of the smallest norm.

    Args:
        amount: A share (float) or how many (int).
        n: Order of the norm.
        dim: The axis of the channels.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        _count(amount, 2**62)
        self.amount, self.n, self.dim = amount, n, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        count = _count(self.amount, t.shape[self.dim])
        if not count:
            return default_mask
        dim = self.dim % t.ndim
        norms = t.norm(p=self.n, dim=[d for d in range(t.ndim) if d != dim])
        kept = norms.topk(t.shape[dim] - count, largest=True).indices
        return _only(default_mask, dim, kept)


class RandomStructured(BasePruningMethod):
    """Prunes channels at random.

    Args:
        amount: A share (float) or how many (int).
        dim: The axis of the channels.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _count(amount, 2**62)
        self.amount, self.dim = amount, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        size = t.shape[self.dim]
        count = _count(self.amount, size)
        if not count:
            return default_mask
        drawn = rand(size)
        kept = (drawn > drawn.kthvalue(count).values).nonzero().squeeze(1)
        return _only(default_mask, self.dim % t.ndim, kept)


def _only(mask: Tensor, dim: int, kept: Tensor) -> Tensor:
    """A mask that is zero but for the channels `kept`."""
    new = mask * 0
    places = (slice(None),) * dim + (kept,)
    new[places] = mask[places]
    return new  # type: ignore[no-any-return]


class CustomFromMask(BasePruningMethod):
    """Prunes what a mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """See `BasePruningMethod`."""
        return default_mask * self.mask.to(dtype=default_mask.dtype)  # type: ignore[no-any-return]


def identity(module: Module, name: str) -> Module:
    """Prune nothing yet."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune elements at random; see `RandomUnstructured`."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: Any, importance_scores: Tensor | None = None
) -> Module:
    """Prune the smallest elements; see `L1Unstructured`."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune channels at random; see `RandomStructured`."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: Tensor | None = None
) -> Module:  # fmt: skip
    """Prune the channels of the smallest norm; see `LnStructured`."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune what a mask says."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: type[BasePruningMethod],
    importance_scores: dict[Any, Tensor] | None = None, **kwargs: Any,
) -> None:  # fmt: skip
    """Prune elements of several tensors, chosen among all of them together.

    Args:
        parameters: Modules and names.
        pruning_method: An unstructured one.
        importance_scores: What to choose by, for each (module, name); the values by default.
        kwargs: The settings of the method.

    Raises:
        TypeError: The method is not unstructured.
    """
    if pruning_method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {pruning_method.PRUNING_TYPE}"
        )
    pairs = list(parameters)
    given = importance_scores or {}
    with modes.switched(on=modes.NO_GRAD):
        tensors = [given.get(pair, getattr(*pair)).detach() for pair in pairs]
        masks = [getattr(m, name + "_mask", None) for m, name in pairs]
        flat = cat([t.reshape(-1) for t in tensors])
        mask = cat([
            (ones_like(t) if k is None else k).reshape(-1)
            for t, k in zip(tensors, masks, strict=True)
        ])  # fmt: skip
        chosen = pruning_method(**kwargs).further_mask(flat, mask)
    parts = chosen.split([t.nelement() for t in tensors])
    for (module, name), part, t in zip(pairs, parts, tensors, strict=True):
        custom_from_mask(module, name, part.reshape(t.shape))


def remove(module: Module, name: str) -> Module:
    """Make a pruned tensor a parameter again, with its zeros.

    Raises:
        ValueError: It is not pruned.
    """
    found = pruning_of(module, name)
    if found is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    key, hook = found
    hook.remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Module) -> bool:
    """Whether anything in a module, or below it, is pruned."""
    return any(
        isinstance(hook.function, BasePruningMethod)
        for m in module.modules()
        for hook in m._forward_pre_hooks.values()
    )


__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]
