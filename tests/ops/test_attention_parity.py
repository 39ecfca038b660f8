"""Attention against PyTorch's: values, first and second gradients, masks, errors."""

import re

import numpy as np
import pytest

from dualtape.ops import attention as a

torch = pytest.importorskip("torch")
F = torch.nn.functional


@pytest.fixture(autouse=True)
def math_attention():
    """Only this of PyTorch's kernels has second derivatives."""
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        yield


def masks(rng, kind, length, keys):
    if kind == "bool":
        return rng.uniform(size=(length, keys)) < 0.7
    if kind == "nothing":
        mask = np.ones((length, keys), bool)
        mask[1] = False
        return mask
    return rng.standard_normal((length, keys))


@pytest.mark.parametrize("kind", [None, "causal", "bool", "nothing", "numbers"])
@pytest.mark.parametrize(
    ("q", "k", "v"),
    [
        ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)),
        ((4, 5), (4, 5), (4, 5)),
        ((2, 3, 4, 5), (1, 3, 4, 5), (3, 4, 2)),
    ],
)
def test_scaled_dot_product_attention(against_torch, rng, q, k, v, kind):
    arrays = [rng.standard_normal(s) for s in (q, k, v)]
    if kind == "causal":
        settings = ({"is_causal": True}, {"is_causal": True})
    elif kind is None:
        settings = ({"scale": 0.3}, {"scale": 0.3})
    else:
        mask = masks(rng, kind, q[-2], k[-2])
        settings = ({"attn_mask": mask}, {"attn_mask": torch.from_numpy(mask)})
    against_torch(
        lambda *x: a.scaled_dot_product_attention(*x, **settings[0]),
        lambda *x: F.scaled_dot_product_attention(*x, **settings[1]),
        *arrays,
    )


def test_the_mask_has_a_gradient(against_torch, rng):
    arrays = [rng.standard_normal(s) for s in ((2, 4, 5), (2, 6, 5), (2, 6, 5), (4, 6))]
    against_torch(a.scaled_dot_product_attention, F.scaled_dot_product_attention, *arrays)


def test_grouped_queries(against_torch, rng):
    arrays = [rng.standard_normal(s) for s in ((2, 6, 4, 5), (2, 3, 4, 5), (2, 2, 4, 5))]
    for settings in ({}, {"is_causal": True}):
        against_torch(
            lambda *x, s=settings: a.scaled_dot_product_attention(*x, **s, enable_gqa=True),
            lambda *x, s=settings: F.scaled_dot_product_attention(*x, **s, enable_gqa=True),
            *arrays,
        )


def test_dropout_factors(rng):
    q, k, v = (rng.standard_normal((2, 4, 4)) for _ in range(3))
    shapes = []

    def drop(shape):
        shapes.append(shape)
        return np.zeros(shape)

    assert not a.scaled_dot_product_attention(q, k, v, dropout=drop).any()
    assert shapes == [(2, 4, 4)]


ERRORS = [
    ((5,), (2, 3, 6, 5), (2, 3, 6, 5), {}),
    ((4, 5), (6, 5), (6, 5), {"attn_mask": np.ones((4, 6), bool), "is_causal": True}),
    ((4, 5), (6, 5), (6, 5), {"attn_mask": np.ones((4, 6), np.int32)}),
]


@pytest.mark.parametrize(("q", "k", "v", "settings"), ERRORS)
def test_errors(q, k, v, settings):
    theirs = {
        n: torch.from_numpy(s) if isinstance(s, np.ndarray) else s for n, s in settings.items()
    }
    with pytest.raises(RuntimeError) as want:
        F.scaled_dot_product_attention(torch.zeros(q), torch.zeros(k), torch.zeros(v), **theirs)
    text = (
        str(want.value)
        .replace("dtype: int and", "dtype: int32 and")
        .replace("float instead", "float32 instead")
    )
    with pytest.raises(RuntimeError, match=re.escape(text)):
        a.scaled_dot_product_attention(*(np.zeros(s, np.float32) for s in (q, k, v)), **settings)


E, H, LEN, KEYS, N = 6, 2, 3, 4, 2


def _mha(settings, ours):
    """multi_head_attention_forward of inputs, projections in and out, and biases."""

    def f(query, key, value, w, b, wo, bo, bias_k=None, bias_v=None):
        common = {"bias_k": bias_k, "bias_v": bias_v, **settings}
        if ours:
            common = {
                n: np.asarray(s) if isinstance(s, np.ndarray) else s for n, s in common.items()
            }
            out = a.multi_head_attention_forward(query, key, value, H, w, b, wo, bo, **common)
        else:
            common = {
                n: torch.from_numpy(s) if isinstance(s, np.ndarray) else s
                for n, s in common.items()
            }
            bias = common.pop("bias_k"), common.pop("bias_v")
            zero = common.pop("add_zero_attn", False)
            out = F.multi_head_attention_forward(
                query, key, value, E, H, w, b, *bias, zero, 0.0, wo, bo, **common
            )
        return tuple(o for o in out if o is not None)

    return f


def _causal():
    return np.triu(np.full((LEN, KEYS), -np.inf), 1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"need_weights": False},
        {"average_attn_weights": False},
        {"attn_mask": _causal()},
        {"attn_mask": _causal() < 0, "need_weights": False},
        {"attn_mask": _causal(), "is_causal": True, "need_weights": False},
        {"key_padding_mask": np.array([[False, False, True, True], [False] * 4])},
        {
            "key_padding_mask": np.array([[False, False, True, True], [False] * 4]),
            "attn_mask": _causal() < 0,
            "need_weights": False,
        },
        {
            "attn_mask": np.random.default_rng(5).standard_normal((N * H, LEN, KEYS)),
            "need_weights": False,
        },
        {"add_zero_attn": True, "attn_mask": _causal()},
    ],
)
@pytest.mark.parametrize("biased", [False, True])
def test_multi_head_attention(against_torch, rng, settings, biased):
    shapes = [(LEN, N, E), (KEYS, N, E), (KEYS, N, E), (3 * E, E), (3 * E,), (E, E), (E,)]
    arrays = [rng.standard_normal(s) for s in shapes + [(1, 1, E)] * 2 * biased]
    against_torch(_mha(settings, True), _mha(settings, False), *arrays, tolerance=1e-9)


def test_self_attention_of_a_single_example(against_torch, rng):
    arrays = [rng.standard_normal(s) for s in ((LEN, E), (3 * E, E), (3 * E,), (E, E), (E,))]
    against_torch(
        lambda x, *p: _mha({}, True)(x, x, x, *p),
        lambda x, *p: _mha({}, False)(x, x, x, *p),
        *arrays,
        tolerance=1e-9,
    )


def test_projections_of_their_own(against_torch, rng):
    shapes = [
        (LEN, N, E),
        (KEYS, N, 3),
        (KEYS, N, 5),
        (E, E),
        (E, 3),
        (E, 5),
        (3 * E,),
        (E, E),
        (E,),
    ]
    arrays = [rng.standard_normal(s) for s in shapes]

    def mine(q, k, v, wq, wk, wv, b, wo, bo):
        return a.multi_head_attention_forward(
            q, k, v, H, None, b, wo, bo, q_proj_weight=wq, k_proj_weight=wk, v_proj_weight=wv
        )

    def theirs(q, k, v, wq, wk, wv, b, wo, bo):
        return F.multi_head_attention_forward(
            q,
            k,
            v,
            E,
            H,
            None,
            b,
            None,
            None,
            False,
            0.0,
            wo,
            bo,
            use_separate_proj_weight=True,
            q_proj_weight=wq,
            k_proj_weight=wk,
            v_proj_weight=wv,
        )

    against_torch(mine, theirs, *arrays, tolerance=1e-9)


def test_multi_head_errors(rng):
    q, w, b = np.zeros((LEN, N, E)), np.zeros((3 * E, E)), np.zeros(3 * E)
    wo, bo = np.zeros((E, E)), np.zeros(E)
    with pytest.raises(RuntimeError, match="Need attn_mask if specifying the is_causal hint"):
        a.multi_head_attention_forward(q, q, q, H, w, b, wo, bo, is_causal=True)
    with pytest.raises(
        RuntimeError,
        match=re.escape("The shape of the 2D attn_mask is [2, 2], but should be (3, 3)."),
    ):
        a.multi_head_attention_forward(q, q, q, H, w, b, wo, bo, attn_mask=np.zeros((2, 2)))
    with pytest.raises(RuntimeError, match="not divisible by num_heads"):
        a.multi_head_attention_forward(q, q, q, 4, w, b, wo, bo)
