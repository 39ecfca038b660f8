"""How a tensor prints: the engine's tensor handed to the formatter in `printing`."""
from typing import Any
def tensor_repr(t: Any) -> str:
    return repr(t.value)
