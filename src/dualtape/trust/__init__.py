"""Gradients one can trust: why one is missing, whether one is right, and where one went wrong.

The gradient doctor begins in `why`; it reads the recording (`paths`), the program's source (`source`) and what
`core.departures` remembered, and answers with a `verdict.Verdict`. Nothing here is loaded before it is asked for.
"""
