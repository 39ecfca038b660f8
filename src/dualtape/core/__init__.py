"""What runs a program and remembers it: values, primitives, tensors, the tape and its backward pass.

Read in this order: `tensor` (what a user holds), `primitive` (what is declared once per operation),
`bind` (what one recorded call does), `graph` (what is remembered), `backward` (how cotangents flow).
`boxes`, `forward`, `batching` and `tracing` are the values that transformations put into a tensor.
"""

from . import memory as memory
