"""Trees: every container comes apart and together, and mismatches say what does not match."""

import dataclasses
from collections import OrderedDict, defaultdict, namedtuple

import pytest

from dualtape.transforms import tree

Point = namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Layer:
    weight: float
    bias: float
    name: str = dataclasses.field(default="", metadata={"static": True})


TREES = [
    1.0,
    None,
    (),
    [1.0, (2.0, None), {"a": 3.0}],
    {"b": 1.0, "a": [2.0, 3.0]},
    Point(1.0, [2.0]),
    OrderedDict(z=1.0, a=2.0),
    defaultdict(list, {"k": 1.0}),
    Layer(1.0, 2.0, "dense"),
    {"layers": [Layer(1.0, 2.0, "a"), Layer(3.0, 4.0, "b")]},
]


@pytest.mark.parametrize("t", TREES, ids=str)
def test_a_tree_comes_apart_and_together(t):
    leaves, structure = tree.flatten(t)
    assert structure.unflatten(leaves) == t
    assert structure.leaf_count == len(leaves)
    assert type(structure.unflatten(leaves)) is type(t)


def test_static_fields_are_no_leaves():
    assert tree.leaves(Layer(1.0, 2.0, "dense")) == [1.0, 2.0]


def test_map_of_several_trees_matches_keys_in_any_order():
    assert tree.map(lambda a, b: a - b, {"x": 5, "y": 7}, {"y": 1, "x": 2}) == {"x": 3, "y": 6}


@pytest.mark.parametrize(
    "other", [[1, 2], (1,), {"x": 1}, {"x": 1, "z": 2}, 5, None, {"x": (1, 2), "y": 2}], ids=str
)
def test_a_mismatch_names_both_structures(other):
    with pytest.raises(ValueError, match=r"(?s)here: the structure does not match.*expected .*got"):
        tree.matched(tree.flatten({"x": 1, "y": 2})[1], other, "here")


def test_a_prefix_is_spread():
    structure = tree.flatten((1, {"a": 2, "b": [3, 4]}))[1]
    assert tree.spread(structure, 0, "p") == [0, 0, 0, 0]
    assert tree.spread(structure, (None, 1), "p") == [None, 1, 1, 1]
    assert tree.spread(structure, (0, {"b": 2, "a": 1}), "p") == [0, 1, 2, 2]
    with pytest.raises(ValueError, match=r"p: .* is not a prefix"):
        tree.spread(structure, (0, 1, 2), "p")


def test_registered_classes():
    class Box:
        def __init__(self, inside):
            self.inside = inside

    tree.register(Box, lambda b: ([b.inside], None), lambda _, parts: Box(*parts))
    assert tree.map(lambda x: x + 1, Box([1, 2])).inside == [2, 3]
