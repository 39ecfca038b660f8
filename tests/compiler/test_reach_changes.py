"""What a compiled function finds by name is looked at again at each call, wherever it is kept: nothing stale is computed with."""

import collections
import functools
import types

import numpy as np
import pytest

import dualtape.torch as torch

pytest.importorskip("llvmlite")

nn = torch.nn


@pytest.fixture(params=["1", "0"], autouse=True)
def way(request, monkeypatch):
    monkeypatch.setenv("DUALTAPE_FAST_CALL", request.param)


def agree(make, changes):
    """A function compiled and not, called twice and again after each change of what it closes over."""
    found = []
    for compiled in (False, True):
        f, state = make()
        g = torch.compile(f) if compiled else f
        x = torch.ones(2)
        rows = [g(x).tolist(), g(x).tolist()]
        for change in changes:
            change(state)
            rows += [g(x).tolist(), g(x).tolist()]
        found.append(rows)
    assert found[1] == found[0]


def test_dicts_with_keys_of_any_kind():
    def make():
        key = torch.zeros(1)
        d = {("a", 0): torch.ones(2), key: torch.ones(2)}
        return (lambda x: x * d["a", 0] + d[key]), (d, key)

    def tuple_key(state):
        state[0]["a", 0] = torch.zeros(2)

    def tensor_key(state):
        state[0][state[1]] = torch.full((2,), 5.0)

    agree(make, [tuple_key, tensor_key])


def test_fields_of_slots():
    class Thing:
        __slots__ = ("numbers", "scale")

    def make():
        thing = Thing()
        thing.numbers, thing.scale = torch.ones(2), 2.0
        return (lambda x: x * thing.numbers * thing.scale), thing

    agree(
        make,
        [
            lambda t: setattr(t, "scale", 7.0),
            lambda t: setattr(t, "numbers", torch.full((2,), -1.0)),
            lambda t: t.numbers.add_(4),
        ],
    )


def test_sets_deques_named_tuples_and_partials():
    def make():
        row = collections.deque([torch.ones(2)])
        members = {1, 2}
        pair = collections.namedtuple("pair", "list scale")([1.0], 3.0)
        part = functools.partial(lambda a, x: a * x, a=2.0)

        def f(x):
            y = part(x=x) * pair.scale + pair.list[0] + row[0] * len(row)
            return -y if 7 in members else y

        return f, (row, members, pair, part)

    agree(
        make,
        [
            lambda s: s[0].append(torch.zeros(2)),
            lambda s: s[0].__setitem__(0, torch.full((2,), 9.0)),
            lambda s: s[1].add(7),
            lambda s: s[2].list.__setitem__(0, 4.0),
            lambda s: s[3].keywords.__setitem__("a", 8.0),
        ],
    )


def test_what_lies_deep_or_in_containers_of_other_classes():
    class Thing(list):
        pass

    def make():
        thing = Thing([Thing()])
        thing[0].inner = Thing([3.0])
        thing[0].inner.scale = 2.0
        entries = collections.UserDict(a=1.0)
        many = [[float(i)] for i in range(1000)]

        def f(x):
            return x * thing[0].inner.scale + thing[0].inner[0] + entries["a"] + many[7][0] + f.bias

        f.bias = 1.0
        return f, (thing, entries, many, f)

    agree(
        make,
        [
            lambda s: setattr(s[0][0].inner, "scale", 3.0),
            lambda s: s[0][0].inner.__setitem__(0, 5.0),
            lambda s: s[1].__setitem__("a", 50.0),
            lambda s: s[2][7].__setitem__(0, 500.0),
            lambda s: setattr(s[3], "bias", 5000.0),
        ],
    )


@pytest.mark.filterwarnings("ignore:.*cannot be compiled")
def test_an_iterator_goes_on():
    def make():
        numbers = iter([float(i) for i in range(20)])
        return (lambda x: x * next(numbers)), None

    agree(make, [lambda s: None])


def test_attributes_of_classes_and_what_comes_before_them():
    def make():
        class Thing:
            scale = 2.0

            def helper(self, x):
                return x * self.scale

        thing = Thing()
        return (lambda x: thing.helper(x) + Thing.scale + getattr(thing, "offset", 0.0)), (
            thing,
            Thing,
        )

    agree(
        make,
        [
            lambda s: setattr(s[1], "scale", 3.0),
            lambda s: setattr(s[0], "scale", 4.0),
            lambda s: setattr(s[0], "offset", 10.0),
            lambda s: setattr(s[1], "helper", lambda self, x: x * 100),
            lambda s: setattr(s[0], "helper", lambda x: x * 1000),
        ],
    )


@pytest.mark.filterwarnings("ignore:.*cannot be compiled")
def test_an_attribute_that_is_set_is_set_at_each_call():
    class Thing:
        pass

    thing = Thing()

    def f(x):
        thing.mode = "hot"
        return x * 2

    g = torch.compile(f)
    for _ in range(4):
        g(torch.ones(2))
        assert thing.mode == "hot"
        thing.mode = "cold"


@pytest.mark.parametrize("kind", ["Adam", "SGD"])
@pytest.mark.parametrize("change", ["clear", "delete", "load"])
def test_state_of_an_optimizer_that_is_replaced(kind, change):
    options = {"momentum": 0.9} if kind == "SGD" else {}
    found = []
    for compiled in (False, True):
        w = torch.ones(3, requires_grad=True)
        optimizer = getattr(torch.optim, kind)([w], lr=0.01, **options)

        def step(x, w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = ((w * x) ** 2).sum()
            loss.backward()
            optimizer.step()
            return loss

        f = torch.compile(step) if compiled else step
        rows = []
        for i in range(8):
            rows.append(f(torch.full((3,), 1.0 + i)).tolist())
            rows.append(w.tolist())
            rows.append([v.tolist() for v in optimizer.state[w].values() if v is not None])
            if i == 4 and change == "clear":
                optimizer.state.clear()
            elif i == 4 and change == "delete":
                del optimizer.state[w]
            elif i == 4:
                optimizer.load_state_dict(optimizer.state_dict())
        found.append(rows)
    for a, b in zip(*found, strict=True):
        for x, y in zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]:
            np.testing.assert_allclose(x, y, rtol=1e-5)


def test_a_hook_of_a_parameter_runs_once():
    w = torch.ones(3, requires_grad=True)
    f = torch.compile(lambda x: (x * w).sum())
    f(torch.ones(3))
    hook = w.register_hook(lambda g: g * 2)
    f(torch.ones(3)).backward()
    assert w.grad.tolist() == [2.0, 2.0, 2.0]
    hook.remove()
    f(torch.ones(3)).backward()
    assert w.grad.tolist() == [3.0, 3.0, 3.0]


def by_name(make_name):
    class Settings:
        scale_1 = 3.0

    settings = Settings()
    settings.bias_1 = 2.0

    def f(x):
        return x * getattr(settings, make_name("scale")) + getattr(settings, make_name("bias"))

    return f, settings


@pytest.mark.parametrize("how", [lambda n: f"{n}_1", lambda n: n + "_1", "{}_1".format])
def test_attributes_whose_names_are_computed(how):
    def of_the_instance(s):
        s.bias_1 = 5.0

    def of_the_class(s):
        type(s).scale_1 = 7.0

    def hidden(s):
        s.scale_1 = 9.0

    agree(lambda: by_name(how), [of_the_instance, of_the_class, hidden])


def test_slots_whose_names_are_computed():
    class Settings:
        __slots__ = ("scale_1",)

    def make():
        settings = Settings()
        settings.scale_1 = 2.0
        return (lambda x: x * getattr(settings, "_".join(["scale", "1"]))), settings

    agree(make, [lambda s: setattr(s, "scale_1", 5.0)])


def test_names_in_a_tuple():
    class Settings:
        def __init__(self):
            self.a, self.b = 1.0, 2.0

    def make():
        settings = Settings()
        return (lambda x: sum([x * getattr(settings, n) for n in ("a", "b")])), settings

    agree(make, [lambda s: setattr(s, "b", 5.0)])


def test_a_module_without_a_file():
    def make():
        settings = types.ModuleType("settings_of_a_test")
        settings.scale = 2.0
        return (lambda x: x * settings.scale), settings

    agree(make, [lambda s: setattr(s, "scale", 5.0)])
