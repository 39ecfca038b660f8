"""Pictures of what the engine does: the page of `dualtape explain`, and the same for a tensor or a notebook cell.

The package itself can be called: `dualtape.show(t)` is `dualtape.show.picture.show(t)`. Besides that picture (`picture`, `layered`)
there are `alive`, `profiling`, `plot`, and what notebooks show of tensors and modules (`reprs`).

`recorder` watches a run, `segments` cuts it into pieces, `structure` makes a picture of each, `graphs` folds those of one
shape, `session` has the finished model, `webpage` writes it. The model is described in web/src/model.ts, the front end's.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallableModule(ModuleType):
    """So that the room and the function that opens it can have one name."""

    def __call__(self, *tensors: Any) -> Any:
        """Show the graph that leads to tensors; see `picture.show`."""
        return import_module(f"{__name__}.picture").show(*tensors)


sys.modules[__name__].__class__ = _CallableModule
