"""The compiler: a traced program becomes native code, through llvmlite, or a plan of NumPy calls without it.

trace -> graph -> passes -> loops -> LLVM -> executable. Read `capture.py`, then `graph.py`, then `jit.py`.
"""
