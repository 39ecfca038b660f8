"""Transformers, lazy modules, bags, pooling: beside PyTorch from the same seed."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import dualtape.torch as ours

theirs = pytest.importorskip("torch")
BOTH = (ours, theirs)


def run(make, *arrays, seed=0):
    """What `make(torch, *tensors)` gives, its gradients and the module's, in both frameworks."""
    found = []
    for t in BOTH:
        t.manual_seed(seed)
        module, out = make(t, *[t.tensor(a) for a in arrays])
        out.sin().sum().backward()
        grads = {n: p.grad.numpy() for n, p in module.named_parameters() if p.grad is not None}
        state = {k: v.detach().numpy() for k, v in module.state_dict().items()}
        found.append((out.detach().numpy(), grads, state))
    (a, ga, sa), (b, gb, sb) = found
    assert list(sa) == list(sb)
    assert list(ga) == list(gb)
    np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    for k in ga:
        np.testing.assert_allclose(ga[k], gb[k], rtol=2e-3, atol=2e-5, err_msg=k)
    for k in sa:
        np.testing.assert_allclose(sa[k], sb[k], rtol=1e-4, atol=1e-6, err_msg=k)


def raised(call):
    """The type's name and the message of the error that a call raises in either framework."""
    said = []
    for t in BOTH:
        with pytest.raises(Exception) as info:  # noqa: PT011 - compared below
            call(t)
        kind = next(c for c in type(info.value).__mro__ if c.__module__ == "builtins")
        said.append((kind.__name__, str(info.value)))
    assert said[0] == said[1]


X = np.random.default_rng(0).standard_normal((5, 2, 8)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((4, 2, 8)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_seeded_transformer_trains_like_pytorchs(norm_first, activation):
    def make(t, x, y):
        m = t.nn.Transformer(8, 2, 2, 1, 16, 0.2, activation, norm_first=norm_first)
        mask = t.nn.Transformer.generate_square_subsequent_mask(4)
        return m, m(x, y, tgt_mask=mask, src_key_padding_mask=t.tensor([[False] * 5, [False] * 3 + [True] * 2]))  # fmt: skip

    run(make, X, Y)


def test_padded_places_of_an_encoder_are_zero_in_evaluation_without_gradients():
    outs = []
    for t in BOTH:
        t.manual_seed(0)
        m = t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
        hidden = t.tensor([[False, False, False, True], [False, True, True, True]])
        x = t.tensor(Y[:, :, :]).transpose(0, 1)
        with t.no_grad():
            outs.append(m.eval()(x, src_key_padding_mask=hidden).numpy())
        assert not outs[-1][1, 1:].any()
    np.testing.assert_allclose(*outs, rtol=1e-4, atol=1e-5)


def test_errors_of_transformers():
    raised(lambda t: t.nn.TransformerEncoderLayer(8, 2, activation="foo"))
    m = {t: t.nn.Transformer(8, 2, 1, 1, 16, batch_first=True) for t in BOTH}
    raised(lambda t: m[t](t.ones(3, 2, 8), t.ones(2, 2, 8)))
    raised(lambda t: m[t](t.ones(3, 2, 7), t.ones(3, 2, 8)))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding", [None, 2])
def test_embedding_bag(mode, padding):
    def make(t, index, offsets):
        m = t.nn.EmbeddingBag(7, 3, mode=mode, padding_idx=padding, max_norm=2.0)
        return m, m(index, offsets) + m(index[:6].reshape(3, 2)).sum()

    run(make, np.array([1, 2, 4, 5, 4, 3, 2, 6]), np.array([0, 3, 3, 7]))


def test_embedding_bag_weighs_its_rows_and_refuses_what_pytorch_refuses():
    def make(t, index, w):
        m = t.nn.EmbeddingBag(7, 3, mode="sum", include_last_offset=True)
        return m, m(index, t.tensor([0, 2, 4]), per_sample_weights=w)

    run(make, np.array([1, 2, 1, 5]), np.array([1, 2, 3, 4], np.float32))
    bag = {t: t.nn.EmbeddingBag(5, 3) for t in BOTH}
    raised(lambda t: bag[t](t.tensor([0, 1, 9]), t.tensor([0])))
    with pytest.raises(RuntimeError, match=r"offsets\[0\] has to be 0"):
        bag[ours](ours.tensor([0, 1, 2]), ours.tensor([1, 2]))
    with pytest.raises(NotImplementedError, match="scale_grad_by_freq"):
        ours.nn.EmbeddingBag(5, 3, scale_grad_by_freq=True)(ours.tensor([[0]]))
    raised(lambda t: bag[t](t.tensor([0, 1, 2])))
    for t in BOTH:
        assert bag[t](t.tensor([0, 1]), t.tensor([], dtype=t.int64)).shape == (0, 3)


def test_fractional_and_power_pooling():
    image = np.random.default_rng(2).random((2, 3, 9, 8)).astype(np.float32)

    def make(t, x):
        m = t.nn.FractionalMaxPool2d(2, output_ratio=(0.5, 0.6))
        x.requires_grad_()
        return m, m(x).sum() + t.nn.LPPool2d(3, 2, ceil_mode=True)(x).sum()

    run(make, image)
    raised(lambda t: t.nn.FractionalMaxPool2d(3))
    raised(lambda t: t.nn.FractionalMaxPool3d(3, output_ratio=1.5))


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.LazyLinear(3),
        lambda nn: nn.LazyConv2d(4, 3, bias=False),
        lambda nn: nn.LazyConvTranspose2d(4, 3, stride=2),
        lambda nn: nn.LazyBatchNorm2d(),
        lambda nn: nn.LazyInstanceNorm2d(),
    ],
)
def test_lazy_modules_take_their_sizes_from_the_first_input(make):
    image = np.random.default_rng(2).random((2, 3, 7, 8)).astype(np.float32)

    def first_call(t, x):
        m = make(t.nn)
        assert m.has_uninitialized_params()
        assert "Uninitialized" in repr(m.state_dict())
        # PyTorch's own copies of uninitialized buffers fail.
        for other in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))) if t is ours else ():
            assert other.has_uninitialized_params()
            assert type(other(x)).__name__ == "Tensor"
        t.manual_seed(5)
        out = m(x)
        assert type(m) is m.cls_to_become if hasattr(m, "cls_to_become") else True
        assert not type(m).__name__.startswith("Lazy")
        assert not m._forward_pre_hooks
        return m, out

    run(first_call, image)


def test_lazy_parameters_refuse_to_be_computed_with():
    m = ours.nn.LazyLinear(3)
    for use in (lambda w: w + 1, lambda w: w.sum(), len, ours.abs, ours.nn.init.ones_):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            use(m.weight)
    raised(lambda t: t.nn.LazyLinear(3).weight.shape)
    raised(lambda t: t.nn.Linear(2, 3).load_state_dict(t.nn.LazyLinear(3).state_dict()))
    for t in BOTH:
        lazy = t.nn.LazyLinear(3)
        lazy.load_state_dict(t.nn.Linear(5, 3).state_dict())
        assert lazy(t.ones(1, 5)).shape == (1, 3)
        assert lazy.in_features == 5
        assert lazy.double().weight.dtype == t.float64


def test_linear_cross_entropy():
    def make(t, x, y):
        m = t.nn.LinearCrossEntropyLoss(8, 3, bias=True, label_smoothing=0.1)
        return m, m(x, y)

    run(make, X[:, 0], np.array([0, 1, 2, 1, 0]))


def test_an_empty_batch_leaves_running_statistics():
    for shape in ((0, 3), (2, 3, 0)):
        for t in BOTH:
            m = t.nn.BatchNorm1d(3)
            m.running_mean.fill_(5.0)
            m(t.zeros(shape)).sum().backward()
            assert m.running_mean.tolist() == [5.0] * 3
            assert int(m.num_batches_tracked) == 1


@pytest.mark.parametrize("shape", [(1, 3), (4, 1), (4,), (3,), (1, 1), (4, 3, 1), (2, 3)])
def test_gaussian_loss_takes_variances_of_pytorchs_shapes(shape):
    results = []
    for t in BOTH:
        loss = t.nn.GaussianNLLLoss(reduction="none")
        try:
            results.append(loss(t.ones(4, 3), t.zeros(4, 3), t.full(shape, 2.0)).tolist())
        except ValueError as error:
            results.append(str(error))
    assert results[0] == results[1] or np.allclose(*results)


@pytest.mark.parametrize(
    "options",
    [
        {"input_size": 3.5}, {"hidden_size": "4"}, {"input_size": 0}, {"bias": 1}, {"batch_first": None}, {"num_layers": 0},
        {"bias": 1, "hidden_size": 2.0}, {"dropout": 2}, {"proj_size": 9},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers_refuse_what_pytorchs_refuse(kind, options):
    raised(lambda t: getattr(t.nn, kind)(**{"input_size": 3, "hidden_size": 4, **options}))


def test_hooks_for_all_modules_and_data_parallel():
    for t in BOTH:
        seen = []
        m = t.nn.DataParallel(t.nn.Sequential(t.nn.Linear(2, 2)))
        everywhere = t.nn.modules.module
        after = everywhere.register_module_forward_hook(lambda m, i, o, s=seen: s.append(type(m).__name__))  # fmt: skip
        before = everywhere.register_module_forward_pre_hook(lambda m, i, s=seen: s.append("-"))
        m(t.ones(1, 2))
        after.remove(), before.remove()
        m(t.ones(1, 2))
        assert seen == ["-", "-", "-", "Linear", "Sequential", "DataParallel"]
        assert list(m.state_dict()) == ["module.0.weight", "module.0.bias"]


def test_functions_that_torch_has_too():
    for name in ("conv2d", "layer_norm", "pairwise_distance", "pdist", "max_pool2d", "selu_"):
        assert callable(getattr(ours, name))
    x = ours.tensor([-1.0, 2.0])
    assert ours.nn.functional.leaky_relu_(x) is x
    assert x.tolist() == pytest.approx([-0.01, 2.0])


def test_autocast_says_that_it_is_not_there():
    with pytest.raises(NotImplementedError, match="enabled=False"):
        ours.autocast("cpu")
    with ours.autocast("cpu", enabled=False):
        assert ours.autocast("cpu", enabled=False)(lambda: 3)() == 3
    with pytest.warns(UserWarning, match="CUDA is not available"):
        ours.autocast("cuda")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64"])
def test_make_tensor_draws_what_pytorch_draws(dtype):
    made = []
    for t in BOTH:
        t.manual_seed(3)
        kind = getattr(t, dtype)
        both = [t.testing.make_tensor(3, 2, dtype=kind, device="cpu", noncontiguous=n, exclude_zero=True) for n in (False, True)]  # fmt: skip
        made.append(str(both))
    assert made[0] == made[1]
