"""Compiles exported C as strictly as possible, and calls it through ctypes."""

import ctypes
import shutil
import subprocess

import numpy as np

CC = shutil.which("cc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def library(source, directory, *flags):
    """The C file as a loaded library."""
    out = directory / f"{source.stem}.so"
    command = [
        CC,
        *STRICT,
        *(flags or ["-O1"]),
        "-shared",
        "-fPIC",
        "-o",
        str(out),
        str(source),
        "-lm",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[:3000]
    return ctypes.CDLL(str(out))


def pointers(arrays):
    return [ctypes.c_void_p(a.ctypes.data) for a in arrays]


class Functions:
    """What `export_c` wrote, as functions of arrays: by kind, on arguments by name, giving results by name."""

    def __init__(self, exported, directory):
        self.exported = exported
        self.library = library(exported.source, directory)

    def __call__(self, kind, **given):
        f = self.exported.functions[kind]
        arrays = {}
        for p in f.parameters:
            if p.read:
                a = np.array(given.pop(p.name), p.dtype, order="C")
                assert a.shape == p.shape, p
            else:
                a = np.full(p.shape, 99, p.dtype)
            arrays[p.name] = a
        assert not given
        work = np.full(f.work // 8, np.nan)
        status = getattr(self.library, f.name)(*pointers([*arrays.values(), work]))
        out = {p.name: arrays[p.name] for p in f.parameters if p.written}
        return status, out
