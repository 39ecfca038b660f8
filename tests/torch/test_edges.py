"""Corners of the API where the answer is PyTorch's to give."""

SETUP = """
F = torch.nn.functional

class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2

class Wordy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return "a"

def leaf(n=2):
    return torch.ones(n, requires_grad=True)

def pulled(f, x, ct):
    return torch.func.vjp(f, x)[1](ct)

C64 = torch.complex64
ones, zeros = torch.ones, torch.zeros
e = torch.zeros(0)
"""


def test_functions_that_write_into_a_leaf(agree):
    agree(SETUP, "Doubled.apply(leaf())\nDoubled.apply(leaf().clone())\nDoubled.apply(ones(2))")


def test_gradients_that_are_no_tensors(agree):
    agree(SETUP, "Wordy.apply(leaf()).sum().backward()")


def test_cotangents_are_complex_where_outputs_are(agree):
    agree(SETUP, """
        pulled(lambda x: x * (1 + 2j), ones(2), ones(2))
        pulled(lambda x: x * (1 + 2j), ones(2), ones(2, dtype=C64))
        pulled(lambda x: x * 2, ones(2), ones(2, dtype=C64))
        pulled(lambda x: x * 2, ones(2, dtype=C64), ones(2))
        pulled(lambda x: x * 2, ones(2), ones(2, dtype=torch.float64))
    """)  # fmt: skip


def test_batch_norm_of_nothing(agree):
    agree(SETUP, """
        F.batch_norm(e, None, None, training=True)
        F.batch_norm(e, ones(3), ones(3), training=True)
        F.batch_norm(ones(3), ones(3), ones(3))
        F.batch_norm(ones(0, 2), None, None, training=True)
        F.batch_norm(ones(3, 2), ones(3), ones(3))
    """)  # fmt: skip


def test_out_is_none_of_the_operands(agree):
    agree(SETUP, """
        torch.cat([e, ones(4, 6)], out=e)
        torch.cat([ones(2)[:1], ones(2)], out=zeros(3))
        (lambda a: torch.cat([a[:2], a[2:]], out=a))(ones(4))
        (lambda a: torch.stack([a[:2], a[2:]], out=a.view(2, 2)))(ones(4))
    """)  # fmt: skip


def test_shapes_of_three_operands(agree):
    agree(SETUP, """
        torch.where(torch.tensor([True]), ones(2), ones(3))
        torch.where(torch.tensor([True, False]), ones(2), ones(2, 3))
        torch.where(ones(4, dtype=torch.bool), ones(2), ones(1))
        torch.addcmul(ones(2), ones(3), ones(2))
        ones(2, 2) @ ones(2, 2, dtype=torch.int64)
    """)  # fmt: skip


def test_functions_and_views(agree):
    setup = (
        SETUP
        + """
class Flat(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.before = x.shape
        return x.view(-1)

    @staticmethod
    def backward(ctx, g):
        return 3 * g.view(ctx.before)

def flat(change):
    w = torch.ones(1, 2, requires_grad=True)
    x = w * 1
    y = Flat.apply(x)
    if change:
        y = y * 2
    (y.sum() + x.sum()).backward()
    return y, x, w.grad
"""
    )
    agree(setup, "flat(False)\nflat(True)\nFlat.apply(leaf()).grad_fn.before")


def test_functions_in_numpy(agree):
    setup = (
        SETUP
        + """
class Sine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, given):
        a = x.numpy()
        ctx.save_for_backward(torch.from_numpy(np.cos(a)) if given else a)
        return torch.from_numpy(np.sin(a))

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0], None

def sine(given):
    x = leaf()
    y = Sine.apply(x * 1, given)
    y.sum().backward()
    return y, x.grad

def unrecorded(x):
    with torch.no_grad():
        return x.numpy().tolist()
"""
    )
    agree(setup, "sine(True)\nsine(False)\nunrecorded(leaf())\nleaf().numpy()")


def test_what_hooks_return(agree):
    setup = (
        SETUP
        + """
def hooked(hook):
    x = leaf()
    x.register_hook(hook)
    x.sum().backward()

def anomaly():
    with torch.autograd.set_detect_anomaly(True):
        return torch.is_anomaly_enabled()
"""
    )
    agree(setup, "hooked(lambda g: 'a')\nanomaly()\ntorch.is_anomaly_enabled()")
