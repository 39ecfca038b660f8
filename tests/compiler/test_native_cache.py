"""The object cache: what is stored comes back whole or not at all, and only from a directory that can be trusted."""

import multiprocessing
import os
import stat
import sys
import time
from pathlib import Path

import pytest

from dualtape.compiler.native import cache
from dualtape.compiler.native.cache import CacheWarning, ObjectCache

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of files mean nothing there")


@pytest.fixture
def store(tmp_path):
    return ObjectCache(tmp_path / "objects")


def entries(store):
    return sorted(p.name for p in store.directory.iterdir())


def test_what_is_stored_comes_back(store):
    assert store.get("a") is None
    assert not store.directory.exists()
    assert store.put("a", b"code")
    assert store.get("a") == b"code"
    assert ObjectCache(store.directory).get("a") == b"code"
    assert store.get("b") is None
    store.put("a", b"newer")
    assert store.get("a") == b"newer"
    assert entries(store) == ["a" + cache.SUFFIX]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:],
        lambda data: b"X" + data[1:],
    ],
)
def test_a_damaged_entry_is_a_miss_and_goes(store, damage):
    store.put("a", b"code" * 100)
    path = store.directory / ("a" + cache.SUFFIX)
    path.write_bytes(damage(path.read_bytes()))
    assert store.get("a") is None
    assert not path.exists()
    assert store.put("a", b"again")
    assert store.get("a") == b"again"


def test_an_entry_under_another_name_is_a_miss(store):
    store.put("a", b"code")
    (store.directory / ("a" + cache.SUFFIX)).rename(store.directory / ("b" + cache.SUFFIX))
    assert store.get("b") is None


@posix
def test_only_the_user_may_look_into_the_directory(store):
    store.put("a", b"code")
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    (file,) = store.directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_that_others_may_write_to_is_not_used(store, mode):
    store.put("a", b"code")
    store.directory.chmod(mode)
    fresh = ObjectCache(store.directory)
    with pytest.warns(CacheWarning, match="others may write to it.*DUALTAPE_CACHE_DIR"):
        assert fresh.get("a") is None
    assert not fresh.put("b", b"code")  # and no second warning
    assert entries(store) == ["a" + cache.SUFFIX]


@posix
def test_a_directory_of_another_user_is_not_used(store, monkeypatch):
    store.put("a", b"code")
    monkeypatch.setattr(os, "geteuid", lambda: store.directory.stat().st_uid + 1)
    with pytest.warns(CacheWarning, match="belongs to another user"):
        assert ObjectCache(store.directory).get("a") is None


@posix
def test_an_entry_that_others_may_have_written_is_a_miss(store):
    store.put("a", b"code")
    (store.directory / ("a" + cache.SUFFIX)).chmod(0o666)
    assert store.get("a") is None


def test_a_file_in_the_directorys_place_stores_nothing(tmp_path):
    (tmp_path / "objects").write_text("")
    store = ObjectCache(tmp_path / "objects")
    assert not store.put("a", b"code")
    with pytest.warns(CacheWarning, match="not a directory"):
        assert store.get("a") is None
    assert not ObjectCache(tmp_path / "objects" / "below").put("a", b"code")


def test_a_directory_that_cannot_be_written_to_stores_nothing(store, monkeypatch):
    store.put("a", b"code")

    def refuse(*args, **kwargs):  # a mode would not stop an administrator
        raise PermissionError

    monkeypatch.setattr(cache.tempfile, "mkstemp", refuse)
    assert not store.put("b", b"code")
    assert store.get("a") == b"code"


def test_a_failed_write_leaves_nothing_behind(store, monkeypatch):
    store.put("a", b"code")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    assert not store.put("b", b"code")
    assert entries(store) == ["a" + cache.SUFFIX]


def test_the_least_recently_used_go_when_there_is_no_room(tmp_path):
    store = ObjectCache(tmp_path, limit=10_000)
    old = time.time() - 1000
    for n in range(8):
        store.put(f"{n}", bytes(1000))
        os.utime(tmp_path / f"{n}{cache.SUFFIX}", (old + n, old + n))
    assert store.get("0") is not None  # used just now
    for n in range(8, 11):
        store.put(f"{n}", bytes(1000))
    left = {p.stem for p in tmp_path.iterdir()}
    assert left >= {"0", "8", "9", "10"}
    assert not left & {"1", "2"}
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 10_000
    store.put("large", bytes(20_000))  # alone it stays, since it is needed now
    assert {p.stem for p in tmp_path.iterdir()} == {"large"}


def test_there_are_only_so_many_entries(tmp_path):
    old = time.time() - 1000
    for n in range(20):
        ObjectCache(tmp_path).put(f"{n}", b"code")
        os.utime(tmp_path / f"{n}{cache.SUFFIX}", (old + n, old + n))
    store = ObjectCache(tmp_path, most=8)
    store.put("new", b"code")  # the first look at them: down to three quarters
    assert {p.stem for p in tmp_path.iterdir()} == {"15", "16", "17", "18", "19", "new"}
    for n in range(20, 22):
        store.put(f"{n}", b"code")
    assert len(list(tmp_path.iterdir())) == 8
    store.put("one more", b"code")
    assert len(list(tmp_path.iterdir())) == 6


def test_files_left_by_a_process_that_died_go_too(store):
    store.put("a", b"code")
    dead, living = store.directory / "new-dead", store.directory / "new-living"
    dead.write_bytes(b"")
    living.write_bytes(b"")
    os.utime(dead, (1, 1))
    ObjectCache(store.directory).put("b", b"code")
    assert not dead.exists()
    assert living.exists()


def _write_and_read(directory, number):
    store = ObjectCache(Path(directory), limit=30_000)  # so that each also removes the other's
    for n in range(150):
        key = f"{n % 10}"
        payload = f"{number} {n} ".encode() * (n % 7 * 100 + 1)
        if not store.put(key, payload):
            return "put failed"
        found = store.get(key)
        if found is not None:
            word = b" ".join(found.split(b" ")[:2]) + b" "
            if found != word * (len(found) // len(word)):
                return f"mixed up: {found[:30]!r}"
    return "fine"


def test_two_processes_at_once(tmp_path):
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    with context.Pool(2) as pool:
        results = pool.starmap(_write_and_read, [(str(tmp_path), 1), (str(tmp_path), 2)])
    assert results == ["fine", "fine"]
    assert not [p for p in tmp_path.iterdir() if p.suffix != cache.SUFFIX]


def test_keys_tell_everything_apart():
    keys = {
        cache.digest(*parts)
        for parts in [("ab", "c"), ("a", "bc"), ("abc",), ("ab", "c", ""), ("abd",)]
    }
    assert len(keys) == 5
    assert cache.digest("a") == cache.digest("a")
    assert len(cache.generator()) == 64


def test_sources_changed_since_they_were_imported_share_no_entries(monkeypatch):
    before = cache.generator.__wrapped__()
    monkeypatch.setattr(cache, "_IMPORTED", time.time())
    assert cache.generator.__wrapped__() == cache.generator.__wrapped__()
    monkeypatch.setattr(cache, "_IMPORTED", 0.0)
    changed = {cache.generator.__wrapped__() for _ in range(2)}
    assert len(changed | {before}) == 3


def test_the_environment_chooses_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALTAPE_CACHE_DIR", str(tmp_path / "mine"))
    monkeypatch.delenv("DUALTAPE_CACHE", raising=False)
    assert cache.current().directory == tmp_path / "mine"
    assert cache.current() is cache.current()
    monkeypatch.setenv("DUALTAPE_CACHE", "0")
    assert cache.current() is None
    monkeypatch.delenv("DUALTAPE_CACHE")
    monkeypatch.delenv("DUALTAPE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache.default_directory().parts[-2:] == ("dualtape", "objects")
    if sys.platform == "linux":
        assert cache.default_directory() == tmp_path / "dualtape" / "objects"
    monkeypatch.setattr(cache.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache.current() is None
