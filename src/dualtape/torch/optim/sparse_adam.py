"""SparseAdam, which needs gradients that dualtape does not have."""

from __future__ import annotations

from typing import Any

from .optimizer import Optimizer, Params
from .stepwise import check_averaging


class SparseAdam(Optimizer):
    """Adam for sparse gradients. dualtape's gradients are dense, which PyTorch's refuses too: `step` raises."""

    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, maximize: bool = False
    ) -> None:  # fmt: skip
        check_averaging(lr, eps, betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def update(self, group: dict[str, Any], params: list[Any]) -> None:
        """Refuse.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "SparseAdam does not support dense gradients, please consider Adam instead"
        )
