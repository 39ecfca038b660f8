"""The threads that kernels are divided among: every chunk once, in any process, by as many as the user wants."""

import ctypes
import importlib.util
import os
import threading

import pytest

import dualtape.torch as torch
from dualtape.compiler.native import library
from dualtape.compiler.native import threads as pool
from dualtape.core import threads

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"
)

TASK = """
define void @task(ptr %context, i64 %chunk, i64 %worker) {
  %at = getelementptr i64, ptr %context, i64 %chunk
  br label %spin
spin:
  %i = phi i64 [ 0, %0 ], [ %i.1, %spin ]
  %x = phi i64 [ %chunk, %0 ], [ %x.1, %spin ]
  %x.1 = mul i64 %x, 6364136223846793005
  %i.1 = add i64 %i, 1
  %more = icmp slt i64 %i.1, 2000
  br i1 %more, label %spin, label %end
end:
  %before = load i64, ptr %at
  %after = add i64 %before, 1
  store i64 %after, ptr %at
  ret void
}
"""


def test_the_pool_does_every_chunk_once_whoever_asks():
    loaded = library.load(None, lambda: TASK)
    task = loaded.address("task")
    tables = [(ctypes.c_int64 * 40)() for _ in range(4)]

    def ask(table):
        for k in range(100):
            pool.run(task, ctypes.addressof(table), 1 + k % 40, 4)

    users = [threading.Thread(target=ask, args=(t,)) for t in tables]
    for u in users:
        u.start()
    for u in users:
        u.join()
    want = [sum(k % 40 >= c for k in range(100)) for c in range(40)]
    assert [list(t) for t in tables] == [want] * 4
    pool.run(task, 0, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_starts_threads_of_its_own():
    loaded = library.load(None, lambda: TASK)
    table = (ctypes.c_int64 * 8)()
    pool.run(loaded.address("task"), ctypes.addressof(table), 8, 3)
    child = os.fork()
    if not child:
        pool.run(loaded.address("task"), ctypes.addressof(table), 8, 3)
        os._exit(0 if list(table) == [2] * 8 and threading.active_count() == 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert list(table) == [1] * 8


def test_the_environment_says_how_many_threads(monkeypatch):
    for text, count in (("3", 3), ("2,1", 2), ("", None), ("many", None), ("0", None)):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        monkeypatch.setattr(threads, "_chosen", [])
        assert threads.thread_count() == count or (count is None and threads.thread_count() >= 1)
    torch.set_num_threads(5)
    assert torch.get_num_threads() == threads.thread_count() == 5
