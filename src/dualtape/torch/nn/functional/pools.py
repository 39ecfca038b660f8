"""Power-average pooling and fractional maximum pooling."""

from __future__ import annotations

from typing import Any

from ....ops import pool
from ....ops.fractional import fractional_max_pool
from ..._tensor import Tensor
from ...arguments import tensor_argument
from ...sampling import rand


def _lp_pool(rank: int) -> Any:
    def lp_pool(
        input: Tensor,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> Tensor:
        x = tensor_argument(f"lp_pool{rank}d", input)
        return pool.lp_pool(x, norm_type, kernel_size, stride or None, ceil_mode, rank=rank)  # type: ignore[no-any-return]

    lp_pool.__name__, lp_pool.__doc__ = f"lp_pool{rank}d", "The p-norm of each window."
    return lp_pool


lp_pool1d, lp_pool2d, lp_pool3d = (_lp_pool(n) for n in (1, 2, 3))


def _fractional(rank: int) -> Any:
    name = f"fractional_max_pool{rank}d"

    def pooled(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        x = tensor_argument(name, input)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        if output_size is None:
            if len(output_ratio) > rank:
                raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")  # fmt: skip
            output_size = [int(x.shape[i - rank] * output_ratio[i]) for i in range(rank)]
        batch = 1 if x.ndim == rank + 1 else x.shape[0]
        if _random_samples is None:
            _random_samples = rand(batch, x.shape[-rank - 1], rank, dtype=x.dtype)
        elif _random_samples.shape[0] > batch:  # further rows are not looked at
            _random_samples = _random_samples[:batch]
        return fractional_max_pool(
            x, kernel_size, output_size, _random_samples, return_indices, rank=rank
        )

    pooled.__name__ = name
    pooled.__doc__ = "Maxima of windows at random places (B. Graham, 2014): `output_size` or `output_ratio` per axis."
    return pooled


def _with_indices(plain: Any) -> Any:
    def pooled(*args: Any, **kwargs: Any) -> Any:
        """Maxima and where they lie."""
        return plain(*args[:4], **{**kwargs, "return_indices": True})

    pooled.__name__ = plain.__name__ + "_with_indices"
    return pooled


fractional_max_pool2d, fractional_max_pool3d = _fractional(2), _fractional(3)
fractional_max_pool2d_with_indices = _with_indices(fractional_max_pool2d)
fractional_max_pool3d_with_indices = _with_indices(fractional_max_pool3d)
