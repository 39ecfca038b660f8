"""Shapes, joints, orders, padding, diagonals and strided views against PyTorch."""

import numpy as np
import pytest

from dualtape.ops import (
    diagonals,
    joining,
    padding,
    rearrange,
    shape,
    strided,
    views,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional

ANY = (RuntimeError, IndexError, ValueError, TypeError)  # whatever PyTorch raises

DTYPES = ("float32", "float64", "complex128")


def numbers(rng, dtype, *s):
    a = rng.standard_normal(s)
    if np.dtype(dtype).kind == "c":
        a = a + 1j * rng.standard_normal(s)
    return np.asarray(a, dtype)


UNARY = [
    ((2, 6), lambda x: shape.reshape(x, (3, -1)), lambda x: x.reshape(3, -1)),
    ((), lambda x: shape.reshape(x, (1, 1)), lambda x: x.reshape(1, 1)),
    ((2, 3, 4), lambda x: views.flatten(x, 1), lambda x: x.flatten(1)),
    ((), views.flatten, lambda x: x.flatten()),
    ((2, 6), lambda x: views.unflatten(x, -1, (2, -1)), lambda x: x.unflatten(-1, (2, -1))),
    ((3, 1, 2), lambda x: views.squeeze(x), lambda x: x.squeeze()),
    ((3, 1, 2), lambda x: views.squeeze(x, 1), lambda x: x.squeeze(1)),
    ((3, 1, 2), lambda x: views.squeeze(x, 0), lambda x: x.squeeze(0)),
    ((1, 1, 2), lambda x: views.squeeze(x, (0, 2)), lambda x: x.squeeze((0, 2))),
    ((), lambda x: views.squeeze(x, 0), lambda x: x.squeeze(0)),
    ((3, 2), lambda x: views.unsqueeze(x, -2), lambda x: x.unsqueeze(-2)),
    ((3, 1), lambda x: views.expand(x, (2, -1, 4)), lambda x: x.expand(2, -1, 4)),
    ((2, 3, 4), lambda x: views.transpose(x, 0, -1), lambda x: x.transpose(0, -1)),
    ((2, 3), views.t, lambda x: x.t()),
    ((3,), views.t, lambda x: x.t()),
    ((2, 3, 4), lambda x: shape.permute(x, (2, 0, -2)), lambda x: x.permute(2, 0, -2)),
    ((2, 3, 4), lambda x: views.movedim(x, (0, 1), (-1, 0)), lambda x: x.movedim((0, 1), (-1, 0))),
    ((2, 3), lambda x: views.select(x, 1, -1), lambda x: x.select(1, -1)),
    ((5, 2), lambda x: views.narrow(x, 0, -3, 2), lambda x: x.narrow(0, -3, 2)),
    ((), views.atleast_3d, torch.atleast_3d),
    ((4,), views.atleast_2d, torch.atleast_2d),
    ((4,), views.atleast_3d, torch.atleast_3d),
    ((4, 3), views.atleast_3d, torch.atleast_3d),
    ((5, 2), lambda x: joining.split(x, 2), lambda x: x.split(2)),
    ((5, 2), lambda x: joining.split(x, [1, 4, 0]), lambda x: x.split([1, 4, 0])),
    ((2, 7), lambda x: joining.chunk(x, 3, 1), lambda x: x.chunk(3, 1)),
    ((0, 2), lambda x: joining.chunk(x, 3), lambda x: x.chunk(3)),
    ((2, 5), lambda x: joining.tensor_split(x, 3, 1), lambda x: x.tensor_split(3, 1)),
    ((2, 5), lambda x: joining.tensor_split(x, (1, 4), 1), lambda x: x.tensor_split((1, 4), 1)),
    ((2, 4), lambda x: joining.hsplit(x, 2), lambda x: x.hsplit(2)),
    ((2, 3), lambda x: joining.unbind(x, 1), lambda x: x.unbind(1)),
    ((3,), lambda x: joining.unbind(x), lambda x: x.unbind()),
    ((2, 3), lambda x: rearrange.flip(x, (0, 1)), lambda x: x.flip(0, 1)),
    ((2, 3), lambda x: rearrange.roll(x, 4), lambda x: x.roll(4)),
    ((2, 3), lambda x: rearrange.roll(x, (1, -1), (0, 1)), lambda x: x.roll((1, -1), (0, 1))),
    *[
        ((2, 3), lambda x, k=k: rearrange.rot90(x, k), lambda x, k=k: x.rot90(k))
        for k in range(-1, 5)
    ],
    ((2, 3), lambda x: rearrange.repeat(x, (2, 1, 3)), lambda x: x.repeat(2, 1, 3)),
    ((2, 3), lambda x: rearrange.tile(x, 2), lambda x: x.tile(2)),
    ((2, 3), lambda x: rearrange.repeat_each(x, 2, 1), lambda x: x.repeat_interleave(2, 1)),
    ((2, 3), lambda x: rearrange.repeat_each(x, 2), lambda x: x.repeat_interleave(2)),
    ((1, 8, 2, 3), lambda x: rearrange.pixel_shuffle(x, 2), lambda x: F.pixel_shuffle(x, 2)),
    ((2, 4, 6), lambda x: rearrange.pixel_unshuffle(x, 2), lambda x: F.pixel_unshuffle(x, 2)),
    ((1, 6, 2, 2), lambda x: rearrange.channel_shuffle(x, 3), lambda x: F.channel_shuffle(x, 3)),
    ((3, 4), diagonals.diagonal, lambda x: x.diagonal()),
    ((3, 4, 2), lambda x: diagonals.diagonal(x, -1, 2, 0), lambda x: x.diagonal(-1, 2, 0)),
    ((2, 3), lambda x: diagonals.diag_embed(x, 1, 0, 2), lambda x: x.diag_embed(1, 0, 2)),
    ((2, 3), lambda x: diagonals.diag_embed(x, -2), lambda x: x.diag_embed(-2)),
    ((3,), lambda x: diagonals.diag(x, -1), lambda x: x.diag(-1)),
    ((3, 2), lambda x: diagonals.diag(x, -1), lambda x: x.diag(-1)),
    ((2, 2), lambda x: diagonals.diagflat(x, 1), lambda x: x.diagflat(1)),
    ((3, 4), lambda x: diagonals.tril(x, 1), lambda x: x.tril(1)),
    ((2, 3, 4), lambda x: diagonals.triu(x, -1), lambda x: x.triu(-1)),
    ((3, 4), diagonals.trace, torch.trace),
    ((3, 7), lambda x: strided.unfold(x, 1, 3, 2), lambda x: x.unfold(1, 3, 2)),
    ((), lambda x: strided.unfold(x, 0, 1, 1), lambda x: x.unfold(0, 1, 1)),
    (
        (3, 4),
        lambda x: strided.as_strided(x, (2, 3), (1, 2), 3),
        lambda x: x.as_strided((2, 3), (1, 2), 3),
    ),
    (
        (3, 4),
        lambda x: strided.as_strided(views.t(x), (3, 3), (1, 1)),
        lambda x: x.t().as_strided((3, 3), (1, 1)),
    ),
    (
        (3, 4),
        lambda x: strided.as_strided(views.narrow(x, 0, 1, 2), (2, 2), (4, 1)),
        lambda x: x.narrow(0, 1, 2).as_strided((2, 2), (4, 1)),
    ),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("s", "ours", "theirs"), UNARY)
def test_one_operand(against_torch, rng, dtype, s, ours, theirs):
    against_torch(ours, theirs, numbers(rng, dtype, *s))


PADS = [((2, 5), (1, 2), mode) for mode in ("constant", "reflect", "replicate", "circular")] + [
    ((1, 3, 4), (2, 1, 1, 2), "reflect"),
    ((1, 2, 3, 4, 3), (1, 1, 2, 0, 0, 1), "replicate"),
    ((2, 5), (-1, 2), "reflect"),
    ((2, 5), (-2, -2), "replicate"),
    ((2, 5), (-4, 4), "replicate"),
    ((2, 5), (2, -1), "circular"),
    ((2, 5), (-1, 4), "circular"),
    ((2, 5), (4, 5), "circular"),
    ((2, 5), (-2, 1, 3, -1), "constant"),
    ((), (), "constant"),
]


@pytest.mark.parametrize(("s", "pads", "mode"), PADS)
def test_padding(against_torch, rng, s, pads, mode):
    x = numbers(rng, "float64", *s)
    against_torch(lambda x: padding.pad(x, pads, mode), lambda x: F.pad(x, pads, mode), x)


def test_padding_with_a_value(against_torch, rng):
    x = numbers(rng, "float32", 2, 3)
    against_torch(
        lambda x: padding.pad(x, (1, -1), value=2.5), lambda x: F.pad(x, (1, -1), value=2.5), x
    )


SEVERAL = [
    (((2, 3), (2, 1)), lambda *xs: shape.concatenate(xs, 1), lambda *xs: torch.cat(xs, 1)),
    (((2, 3), (2, 3)), lambda *xs: shape.stack(xs, -1), lambda *xs: torch.stack(xs, -1)),
    (((), ()), lambda *xs: shape.stack(xs), lambda *xs: torch.stack(xs)),
    (((3,), (2,)), lambda *xs: joining.hstack(xs), lambda *xs: torch.hstack(xs)),
    (((), (2,)), lambda *xs: joining.hstack(xs), lambda *xs: torch.hstack(xs)),
    (((3,), (2, 3)), lambda *xs: joining.vstack(xs), lambda *xs: torch.vstack(xs)),
    (((3,), (1, 3)), lambda *xs: joining.dstack(xs), lambda *xs: torch.dstack(xs)),
    (((3,), (3, 2)), lambda *xs: joining.column_stack(xs), lambda *xs: torch.column_stack(xs)),
    (
        ((3, 1), (4,)),
        lambda *xs: joining.broadcast_tensors(*xs),
        lambda *xs: torch.broadcast_tensors(*xs),
    ),
    (
        ((3,), (), (2,)),
        lambda *xs: joining.meshgrid(xs, "xy"),
        lambda *xs: torch.meshgrid(*xs, indexing="xy"),
    ),
    (
        ((3,), (2,)),
        lambda *xs: joining.meshgrid(xs),
        lambda *xs: torch.meshgrid(*xs, indexing="ij"),
    ),
    (((3,), (2,)), joining.cartesian_prod, torch.cartesian_prod),
    (((2, 3), (), (2,), (0, 2)), joining.block_diag, torch.block_diag),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shapes", "ours", "theirs"), SEVERAL)
def test_several_operands(against_torch, rng, dtype, shapes, ours, theirs):
    against_torch(ours, theirs, *[numbers(rng, dtype, *s) for s in shapes])


def test_joining_many_operands(against_torch, rng):
    xs = [numbers(rng, "float64", 1 + i % 3) for i in range(300)]
    against_torch(lambda *xs: shape.concatenate(xs), lambda *xs: torch.cat(xs), *xs)


def test_complex_numbers_as_pairs(against_torch, rng):
    against_torch(strided.view_as_real, torch.view_as_real, numbers(rng, "complex128", 2, 3))
    against_torch(strided.view_as_complex, torch.view_as_complex, numbers(rng, "float64", 3, 2))


def test_triangles_cut_off_what_is_not_finite(against_torch):
    x = np.array([[1.0, np.inf], [np.nan, 2.0]])
    against_torch(diagonals.tril, torch.tril, x)
    against_torch(diagonals.triu, torch.triu, x)


ERRORS = [
    ((3, 4), lambda x: shape.reshape(x, (5,)), lambda x: x.view(5)),
    ((3, 4), lambda x: shape.reshape(x, (-1, -1)), lambda x: x.view(-1, -1)),
    ((3, 4), lambda x: shape.reshape(x, (-2, 6)), lambda x: x.view(-2, 6)),
    ((3, 4), lambda x: shape.reshape(x, (-3, -4)), lambda x: x.view(-3, -4)),
    ((0, 3), lambda x: shape.reshape(x, (-1, 0)), lambda x: x.view(-1, 0)),
    ((3, 4), lambda x: views.view(views.t(x), (12,)), lambda x: x.t().view(12)),
    ((3, 4), lambda x: views.unflatten(x, 1, (3, 2)), lambda x: x.unflatten(1, (3, 2))),
    ((3, 4), lambda x: views.flatten(x, 1, 0), lambda x: x.flatten(1, 0)),
    ((3, 4), lambda x: views.transpose(x, 0, 2), lambda x: x.transpose(0, 2)),
    ((3, 4, 2), lambda x: views.t(x), lambda x: x.t()),
    ((3, 4), lambda x: shape.permute(x, (0, 0)), lambda x: x.permute(0, 0)),
    ((3, 4), lambda x: views.movedim(x, (0, 0), (0, 1)), lambda x: x.movedim((0, 0), (0, 1))),
    ((3, 4), lambda x: views.expand(x, (3, 5)), lambda x: x.expand(3, 5)),
    ((3, 4), lambda x: views.expand(x, (-1, 3, 4)), lambda x: x.expand(-1, 3, 4)),
    ((3, 4), lambda x: views.squeeze(x, 5), lambda x: x.squeeze(5)),
    ((3, 4), lambda x: views.unsqueeze(x, 4), lambda x: x.unsqueeze(4)),
    ((3, 4), lambda x: views.narrow(x, 0, 2, 2), lambda x: x.narrow(0, 2, 2)),
    ((3, 4), lambda x: views.narrow(x, 0, 5, 1), lambda x: x.narrow(0, 5, 1)),
    ((), lambda x: views.select(x, 0, 0), lambda x: x.select(0, 0)),
    ((3, 4), lambda x: shape.concatenate([x, x[:, :2]]), lambda x: torch.cat([x, x[:, :2]])),
    ((3, 4), lambda x: shape.concatenate([x, x[0]]), lambda x: torch.cat([x, x[0]])),
    ((), lambda x: shape.concatenate([x]), lambda x: torch.cat([x])),
    ((3, 4), lambda x: shape.stack([x, x[:2]]), lambda x: torch.stack([x, x[:2]])),
    ((3, 4), lambda x: joining.split(x, 0), lambda x: x.split(0)),
    ((3, 4), lambda x: joining.split(x, [1, 1]), lambda x: x.split([1, 1])),
    ((3, 4), lambda x: joining.chunk(x, 0), lambda x: x.chunk(0)),
    ((3, 4), lambda x: joining.hsplit(x, 3), lambda x: x.hsplit(3)),
    ((), lambda x: joining.unbind(x), lambda x: x.unbind()),
    ((3, 4), lambda x: padding.pad(x, (1,)), lambda x: F.pad(x, (1,))),
    ((3, 4), lambda x: padding.pad(x, (4, 0), "reflect"), lambda x: F.pad(x, (4, 0), "reflect")),
    ((3, 4), lambda x: padding.pad(x, (5, 0), "circular"), lambda x: F.pad(x, (5, 0), "circular")),
    ((3, 4), lambda x: padding.pad(x, (1, 1), "odd"), lambda x: F.pad(x, (1, 1), "odd")),
    ((3, 4), lambda x: padding.pad(x, (-5, 0)), lambda x: F.pad(x, (-5, 0))),
    ((3, 4), lambda x: rearrange.flip(x, (0, 0)), lambda x: x.flip(0, 0)),
    ((3, 4), lambda x: rearrange.roll(x, (1, 2), 0), lambda x: x.roll((1, 2), 0)),
    ((3, 4), lambda x: rearrange.rot90(x, 1, (0, -2)), lambda x: x.rot90(1, (0, -2))),
    ((3, 4), lambda x: rearrange.repeat(x, (2,)), lambda x: x.repeat(2)),
    ((3, 4), lambda x: rearrange.repeat(x, (2, -1)), lambda x: x.repeat(2, -1)),
    ((3, 4), lambda x: diagonals.diagonal(x, 0, 0, 0), lambda x: x.diagonal(0, 0, 0)),
    ((3, 4, 2), diagonals.diag, lambda x: x.diag()),
    ((3,), diagonals.tril, torch.tril),
    ((3, 4), lambda x: strided.unfold(x, 1, 5, 1), lambda x: x.unfold(1, 5, 1)),
    ((3, 4), lambda x: strided.unfold(x, 1, 2, 0), lambda x: x.unfold(1, 2, 0)),
    (
        (3, 4),
        lambda x: strided.as_strided(x, (9, 9), (1, 9)),
        lambda x: x.as_strided((9, 9), (1, 9)),
    ),
    ((3, 4), lambda x: strided.as_strided(x, (1,), (-1,)), lambda x: x.as_strided((1,), (-1,))),
    ((3, 4), strided.view_as_complex, torch.view_as_complex),
    ((3, 4), strided.view_as_real, torch.view_as_real),
]


@pytest.mark.parametrize(("s", "ours", "theirs"), ERRORS)
def test_errors_are_pytorchs(rng, s, ours, theirs):
    x = rng.standard_normal(s)
    with pytest.raises(ANY) as expected:
        theirs(torch.from_numpy(x) if s else torch.tensor(x))
    with pytest.raises(expected.type) as found:
        ours(np.asarray(x))
    words = str(expected.value).splitlines()[0]
    if not words.startswith(("permute(", "expand(")):  # these name a C++ type or a layout
        assert words in str(found.value)
