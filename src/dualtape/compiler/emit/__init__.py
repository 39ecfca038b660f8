"""Loops to LLVM: text is written, not objects, because that is several times faster. Read `writer.py` first."""
