"""Samples of `dualtape.ops.convolution`."""

from typing import Any

from ...ops import convolution as c
from ..sample import Sample, real, sample


def _geometry(stride: Any, padding: Any, dilation: Any, groups: int = 1) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def _three(
    x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...], **geometry: Any
) -> list[Sample]:
    """The three maps that relate one x, w and y."""
    return [
        sample(c.conv_p, real(*x), real(*w), **geometry),
        sample(c.conv_input_gradient_p, real(*y), real(*w), size=x[2:], **geometry),
        sample(c.conv_weight_gradient_p, real(*x), real(*y), kernel=w[2:], **geometry),
    ]


SAMPLES = [
    *_three((2, 3, 7), (4, 3, 3), (2, 4, 5), **_geometry((1,), ((0, 0),), (1,))),
    *_three((2, 2, 100), (1, 2, 3), (2, 1, 98), **_geometry((1,), ((0, 0),), (1,))),
    *_three(
        (2, 4, 5, 6), (6, 2, 3, 2), (2, 6, 3, 5), **_geometry((2, 1), ((1, 1), (0, 1)), (1, 2), 2)
    ),
    *_three(
        (1, 2, 9, 9), (2, 1, 2, 2), (1, 2, 8, 8), **_geometry((1, 1), ((0, 0), (0, 0)), (1, 1), 2)
    ),
    *_three(
        (1, 2, 4, 3, 3),
        (2, 2, 2, 3, 1),
        (1, 2, 2, 1, 2),
        **_geometry((2, 1, 2), ((0, 0),) * 3, (1, 1, 1)),
    ),
    # A transposed convolution may leave room for a further window.
    *_three((1, 2, 9), (2, 2, 2), (1, 2, 3), **_geometry((2,), ((0, 0),), (2,)))[1:],
    *_three((0, 2, 4), (3, 2, 2), (0, 3, 3), **_geometry((1,), ((0, 0),), (1,))),
    *_three((2, 0, 4), (3, 0, 2), (2, 3, 3), **_geometry((1,), ((0, 0),), (1,))),
]
