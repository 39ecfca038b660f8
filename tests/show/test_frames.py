"""Reading the variables of a running program changes nothing for it."""

import sys
import weakref

from dualtape.show.frames import local_variables, variables


class Thing:
    """Something that can be waited for to be gone."""


def test_what_was_read_is_not_kept_alive():
    thing = Thing()
    gone = weakref.ref(thing)
    assert variables(sys._getframe())["thing"] is thing
    del thing
    assert gone() is None
    assert "thing" not in local_variables(sys._getframe())


def test_what_locals_gave_stays():
    x = 1
    mine = locals()
    assert local_variables(sys._getframe())["x"] == 1
    assert mine["x"] == x


def test_a_class_or_module_has_its_own_dictionary():
    found = {}

    class Namespace:
        x = 1
        found["own"], found["locals"] = variables(sys._getframe()), local_variables(sys._getframe())

    assert Namespace.x == found["own"]["x"] == 1
    assert found["locals"] == {}


def test_an_explained_program_keeps_no_variable_alive_and_no_locals_empty(explain):
    e = explain("""
import torch, weakref

class Thing:
    pass

def freed(w):
    thing = Thing()
    gone = weakref.ref(thing)
    y = w * w
    del thing
    return gone() is None

def written(w):
    kept = locals()
    exec("u = w * 2; v = u * 3", globals(), kept)
    w.sin()
    return kept

w = torch.ones(2, requires_grad=True)
is_freed, kept = freed(w), written(w)
""")
    assert e.error is None
    assert e.names["is_freed"]
    assert {"w", "u", "v"} <= e.names["kept"].keys()
