"""Memory that arrays give back stays with the process, to be used again.

A step of a program makes the same large arrays as the step before. glibc returns their memory to the system in
between, and each page of it costs a fault when it is used next: more than the arithmetic, for arrays of a few megabytes.
How much it keeps follows the largest block that was ever freed, up to 32 MiB of block and twice that of memory kept
(mallopt(3), M_MMAP_THRESHOLD); setting MALLOC_TRIM_THRESHOLD_ in the environment goes before this.
"""

from __future__ import annotations

import numpy as np

_BLOCK = 31 << 20


def keep_freed_memory() -> None:
    """Free a block that is nearly as large as counts. Nothing is written to it, so it costs a few microseconds."""
    np.empty(_BLOCK, np.uint8)


keep_freed_memory()
