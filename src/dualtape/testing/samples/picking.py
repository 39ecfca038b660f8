"""Samples of `dualtape.ops.picking`."""

import numpy as np

from ...ops import picking as p
from ..sample import fixed, integers, real, sample

TAKING = (p.index_p, p.index_select_p, p.gather_p, p.take_p, p.masked_select_p, p.embedding_p)
PUTTING = (p.index_put_p, p.scatter_p, p.index_copy_p, p.put_p, p.masked_scatter_p)
ADDING = (p.index_put_add_p, p.scatter_add_p, p.index_add_p, p.put_add_p)
FILLING = (p.scatter_fill_p, p.index_fill_p)

NONE = fixed(np.zeros(0, np.int64))
TWICE = fixed(np.array([2, 0, 2]))
GRID = fixed(np.array([[1, -1], [4, 1]]))

SAMPLES = [
    sample(p.position_p, integers(2, 3, below=4, low=-4), size=4, wrap=True, message="{index}"),
    sample(p.position_p, integers(below=4), size=4, wrap=False, message="{index}"),
    sample(p.ravel_p, integers(3, 1, below=4), integers(2, below=5), sizes=(4, 5), axis=1),
    sample(p.ravel_p, integers(3, below=4, low=-4), sizes=(4,), axis=0),
    sample(p.along_p, integers(2, 3, below=4), shape=(4, 3), axis=0),
    sample(p.along_p, integers(2, 1, below=4), shape=(2, 4), axis=1),
    sample(p.along_p, integers(below=1), shape=(), axis=0),
    *[sample(q, real(3, 2), TWICE, axis=0, depth=1) for q in (*TAKING, p.retrieve_p, p.clear_p)],
    *[
        row
        for q in (p.index_p, p.retrieve_p, p.clear_p)
        for row in (
            sample(q, real(5), GRID, axis=0, depth=1),
            sample(q, real(2, 3), GRID, axis=0, depth=2),
            sample(q, real(2, 2, 3, 2), GRID, axis=1, depth=2),
            sample(q, real(3, 2), NONE, axis=0, depth=1),
            sample(q, real(3), fixed(np.array(1)), axis=0, depth=1),
            sample(q, real(), fixed(np.array([0, 0])), axis=0, depth=0),
        )
    ],
    *[
        row
        for q in (p.deposit_p, p.place_p)
        for row in (
            sample(q, real(3, 2), TWICE, axis=0, depth=1, shape=(4, 2)),
            sample(q, real(2, 2), GRID, axis=0, depth=2, shape=(2, 3)),
            sample(q, real(2, 2, 2, 2), GRID, axis=1, depth=1, shape=(2, 5, 2)),
            sample(q, real(3, 9), TWICE, axis=0, depth=1, shape=(4, 9)),
            sample(q, real(0, 2), NONE, axis=0, depth=1, shape=(4, 2)),
            sample(q, real(), fixed(np.array(1)), axis=0, depth=1, shape=(3,)),
        )
    ],
    *[sample(q, real(3, 2), TWICE, real(3, 2), axis=0, depth=1) for q in (*PUTTING, *ADDING)],
    *[
        row
        for q in (p.index_put_p, p.index_put_add_p)
        for row in (
            sample(q, real(2, 3), GRID, real(2, 2), axis=0, depth=2),
            sample(q, real(2, 5, 2), GRID, real(2, 2, 2, 2), axis=1, depth=1),
            sample(q, real(4, 2), NONE, real(0, 2), axis=0, depth=1),
            sample(q, real(), fixed(np.array(0)), real(), axis=0, depth=0),
        )
    ],
    *[sample(q, real(3, 2), TWICE, axis=0, depth=1, value=1.5) for q in FILLING],
]
