"""How PyTorch cuts `linear_cross_entropy` into pieces; accepted here, where nothing is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class LinearCrossEntropyOptions:
    """Options of PyTorch's computation in chunks; without effect."""

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None
