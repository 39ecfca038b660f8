"""Writes through views, and through views of views, against PyTorch: memory and gradients."""

import numpy as np
import pytest

from dualtape.core.backward import gradients
from dualtape.core.inplace import write
from dualtape.core.tensor import Tensor, wrap
from dualtape.ops import arithmetic, diagonals, index, joining, shape, strided, views

torch = pytest.importorskip("torch")

VIEWS = {
    "reshape": (lambda x: shape.reshape(x, (2, 6)), lambda x: x.reshape(2, 6)),
    "view of a transpose": (
        lambda x: views.view(views.unsqueeze(views.t(x), 1), (4, 3)),
        lambda x: x.t().unsqueeze(1).view(4, 3),
    ),
    "squeeze": (
        lambda x: views.squeeze(views.narrow(x, 0, 1, 1)),
        lambda x: x.narrow(0, 1, 1).squeeze(),
    ),
    "permute": (lambda x: shape.permute(x, (1, 0)), lambda x: x.permute(1, 0)),
    "movedim of an unflattened": (
        lambda x: views.movedim(views.unflatten(x, 1, (2, 2)), 2, 0),
        lambda x: x.unflatten(1, (2, 2)).movedim(2, 0),
    ),
    "select": (lambda x: views.select(x, 1, 2), lambda x: x.select(1, 2)),
    "one element": (lambda x: index.getitem(index.getitem(x, 1), -1), lambda x: x[1][-1]),
    "brackets": (
        lambda x: index.getitem(x, (slice(None, None, 2), None, slice(1, 3))),
        lambda x: x[::2, None, 1:3],
    ),
    "slice of a slice": (
        lambda x: index.getitem(index.getitem(x, (slice(1, None),)), (slice(None), slice(2))),
        lambda x: x[1:][:, :2],
    ),
    "diagonal": (diagonals.diagonal, lambda x: x.diagonal()),
    "diagonal of a transpose": (
        lambda x: diagonals.diagonal(views.t(x), -1),
        lambda x: x.t().diagonal(-1),
    ),
    "windows": (lambda x: strided.unfold(x, 1, 2, 2), lambda x: x.unfold(1, 2, 2)),
    "windows of a transpose": (
        lambda x: strided.unfold(views.t(x), 0, 2, 2),
        lambda x: x.t().unfold(0, 2, 2),
    ),
    "strides": (
        lambda x: strided.as_strided(x, (2, 2), (4, 1), 1),
        lambda x: x.as_strided((2, 2), (4, 1), 1),
    ),
    "strides of a part": (
        lambda x: strided.as_strided(views.narrow(x, 0, 1, 2), (2, 2), (2, 1)),
        lambda x: x.narrow(0, 1, 2).as_strided((2, 2), (2, 1)),
    ),
    "tensor_split": (
        lambda x: joining.tensor_split(x, 3, 1)[2],
        lambda x: x.tensor_split(3, 1)[2],
    ),
}


def ten_times_a_view(x, f):
    y = arithmetic.mul(x, x)
    part = f(y)
    write(part, lambda old: old * 10.0)
    return y, part


@pytest.mark.parametrize("name", VIEWS)
def test_the_base_sees_the_write(rng, name):
    ours, theirs = VIEWS[name]
    x = rng.standard_normal((3, 4))
    tensor = wrap(Tensor, x.copy())
    tensor.require_grad()
    y, part = ten_times_a_view(tensor, ours)

    real = torch.from_numpy(x).requires_grad_()
    z = real * real
    piece = theirs(z)
    piece.mul_(10.0)

    np.testing.assert_array_equal(y.value, z.detach().numpy())
    np.testing.assert_array_equal(part.value, piece.detach().numpy())
    ct, ct_part = rng.standard_normal((3, 4)), rng.standard_normal(part.value.shape)
    (got,) = gradients([(y.current_edge(), ct), (part.current_edge(), ct_part)], [tensor.edge])
    torch.autograd.backward([z, piece], [torch.from_numpy(ct), torch.as_tensor(ct_part)])
    np.testing.assert_allclose(got, real.grad.numpy())


@pytest.mark.parametrize(
    "split",
    [
        lambda x: joining.split(x, 2, 1),
        lambda x: joining.split(x, [1, 3], 1),
        lambda x: joining.chunk(x, 2, 0),
        lambda x: joining.unbind(x, 1),
    ],
)
def test_a_part_of_a_split_is_a_view(rng, split):
    """PyTorch forbids the write while recording; here it is right, as through the equal slice."""
    x = rng.standard_normal((3, 4))
    tensor = wrap(Tensor, x.copy())
    tensor.require_grad()
    y, part = ten_times_a_view(tensor, lambda y: split(y)[1])
    places = split(np.arange(12).reshape(3, 4))[1].reshape(-1)
    factor = np.ones(12)
    factor[places] = 10.0
    factor = factor.reshape(3, 4)
    np.testing.assert_allclose(y.value, factor * x * x)
    (got,) = gradients([(y.current_edge(), np.ones((3, 4)))], [tensor.edge])
    np.testing.assert_allclose(got, 2 * factor * x)
    assert part.version is y.version


def test_writing_to_the_base_reaches_parts_of_a_split(rng):
    x = rng.standard_normal((2, 4))
    tensor = wrap(Tensor, x.copy())
    tensor.require_grad()
    y = arithmetic.mul(tensor, tensor)
    left, right = joining.split(y, 2, 1)
    write(y, lambda old: old * 3.0)
    np.testing.assert_allclose(right.value, 3 * (x * x)[:, 2:])
    (got,) = gradients([(right.current_edge(), np.ones((2, 2)))], [tensor.edge])
    np.testing.assert_allclose(got, np.concatenate([np.zeros((2, 2)), 6 * x[:, 2:]], 1))
    assert left.view_of.base is y


def test_a_scalar_and_its_view_share_memory():
    x = wrap(Tensor, np.float64(3.0))
    x.require_grad()
    y = arithmetic.mul(x, x)
    part = shape.reshape(y, (1, 1))
    write(part, lambda old: old * 2.0)
    assert y.value == 18.0
    (got,) = gradients([(y.current_edge(), np.float64(1.0))], [x.edge])
    assert got == 12.0


def test_places_that_stand_for_several_cannot_be_written_to(rng):
    x = wrap(Tensor, rng.standard_normal((1, 4)))
    for part in (
        views.expand(x, (3, 4)),
        strided.unfold(x, 1, 2, 1),
        strided.as_strided(x, (2, 2), (1, 1)),
    ):
        with pytest.raises((ValueError, RuntimeError)):
            write(part, lambda old: old * 2.0)
