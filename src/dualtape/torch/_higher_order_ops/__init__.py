"""Where PyTorch's programs import `cond` and `while_loop` from."""

from ..control_flow import cond as cond
from ..control_flow import while_loop as while_loop
