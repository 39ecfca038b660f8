"""A copy of a function does what the function does, with a code object of its own."""

from dualtape.core.adapted import own_copy
from dualtape.ops.arithmetic import add, mul


def test_a_copy_has_closure_defaults_and_names():
    seen = []

    def function(x, y=2, *, z=3):
        """Its documentation."""
        seen.append((x, y, z))
        return x + y + z

    copied = own_copy(function)
    assert copied.__code__ is not function.__code__
    assert copied(1) == 6
    assert copied(1, 1, z=1) == 3
    assert seen == [(1, 2, 3), (1, 1, 1)]
    assert copied.__name__ == "function"
    assert copied.__doc__ == function.__doc__
    assert copied.__qualname__ == function.__qualname__


def test_each_primitive_has_its_copy():
    assert add.bind2.__func__.__code__ is not mul.bind2.__func__.__code__
    assert add.bind2.__self__ is add
