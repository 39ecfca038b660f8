"""Compiled functions for use without dualtape: C source (`interface.py`) and SciPy's callables (`callables.py`).

C comes from the same loops as native code: `emission.py` lets kernels and routines write as they always do, on a writer
(`writer.py`) that reads their LLVM instructions (`instructions.py`) and makes statements of C of them (`text.py`).
"""
