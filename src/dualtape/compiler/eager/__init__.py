"""Eager code on large arrays: elementwise and row-wise operations, forward and backward, as kernels of their own.

install.py     which primitives and rules get a gate, and when; begin.py puts the native ones
gates.py       what looks at the size of an operand, and lets small ones pass; native_gate.py, the same in native code
site.py        one primitive's or rule's kernels, and whether a call is for one of them
shapes.py      what of a call is the same in every block of rows
traced.py      a primitive or a rule as a graph, from its declaration
kernel.py      a graph as a function of any number of blocks, on several threads; entry.py, the way into it
arguments.py   what of a call is arrays, and what the rest is
"""
