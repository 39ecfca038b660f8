"""What a node saved for its pullback: who holds it, whether it is still what it was, and the errors where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import callsite
from .errors import GraphError, InplaceError
from .versions import InferenceVersion, Version

if TYPE_CHECKING:
    from .graph import Node


class SavedOutput:
    """An output kept as a residual, without its tensor: the tensor holds the node, not conversely."""

    __slots__ = ("value", "version")

    def __init__(self, value: Any, version: Version) -> None:
        self.value = value
        self.version = version


class Freed:
    """Stands in for the residuals of a node that a backward pass has used up."""

    __slots__ = ("site",)

    def __init__(self, site: callsite.Site | None) -> None:
        self.site = site


def check_residuals(node: Node) -> Any:
    """Return the holders of the residuals of `node`, put back to what they were when saved.

    Raises:
        GraphError: They are gone.
        InplaceError: They were overwritten, and what they were is not known.
    """
    owners = node.owners
    if isinstance(owners, Freed):
        raise GraphError(
            "Trying to backward through the graph a second time (or directly access saved tensors "
            "after they have already been freed). Saved intermediate values of the graph are freed "
            "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
            "backward through the graph a second time or if you need to access saved tensors after "
            "calling backward.\n"
            f"  the node met: {node.name()}, built at {callsite.describe(node.site)}\n"
            f"  its residuals were freed by the pass at {callsite.describe(owners.site)}"
        )
    for number, owner in enumerate(owners):
        found = as_saved(node, number, owner)
        if found is not owner:
            node.owners = (*node.owners[:number], found, *node.owners[number + 1 :])
    return node.owners


def as_saved(node: Node, number: int, owner: Any) -> Any:
    """Return the holder `owner` of what `node` saved, or another one of its value as it was then.

    Raises:
        GraphError: It was made in inference mode.
        InplaceError: It was overwritten, and what it was is not known.
    """
    version = owner.version
    if version is None or version.stamp >= node.order:
        return owner
    if isinstance(version, InferenceVersion):
        raise saved_inference()
    value = version.as_of(owner.value, node.order)
    if value is None:
        raise overwritten(node, number, owner)
    return owner if value is owner.value else SavedOutput(value, Version())


def saved_inference() -> GraphError:
    """The error for a residual that was made in inference mode."""
    return GraphError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
        "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
        "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


def overwritten(node: Node, number: int, owner: Any) -> InplaceError:
    """The error for a residual that was written in place after `node` saved it."""
    version = owner.version
    writes = version.since(node.order)
    expected = version.count - len(writes)
    more = "" if len(writes) < len(version.writes) or len(writes) == version.count else " at most"
    value = owner.value
    shape = list(getattr(value, "shape", ()))
    what = "output 0" if isinstance(owner, SavedOutput) else f"saved tensor {number}"
    return InplaceError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{getattr(value, 'dtype', '?')} {shape}], which is {what} of {node.name()}, is at "
        f"version {version.count}; expected version {expected}{more} instead.\n"
        f"  saved at       {callsite.describe(node.site)}\n"
        f"  overwritten at {callsite.describe(writes[0][1] if writes else None)}\n"
        "  Write to a copy (x = x.clone(), in NumPy code x = x.copy()), or use the out-of-place operation."
    )
