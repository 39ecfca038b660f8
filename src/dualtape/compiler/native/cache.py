"""Object code kept on disk between processes.

Entries are code that will be executed, so they live in a directory of the user's own that nobody else may
write to. Whatever is wrong with an entry makes it a miss; whatever is wrong with the directory switches the
cache off. `DUALTAPE_CACHE_DIR` names another directory, `DUALTAPE_CACHE=0` switches it off.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import sys
import tempfile
import time
import warnings
from pathlib import Path

MAGIC = b"dualtape-object-1\n"
LIMIT = 256 * 2**20
"""Bytes that all entries may take; the least recently used go first."""
MOST = 4096
"""Entries: each process that adds one looks at all of them once."""

SUFFIX = ".object"
_IMPORTED = time.time()
_STALE = 3600.0  # seconds after which a temporary file belongs to nobody


class CacheWarning(UserWarning):
    """The cache directory cannot be trusted, so compiled code is not kept."""


@functools.cache
def generator() -> str:
    """The version of what makes the code: a digest of the compiler's own sources.

    Some milliseconds per process, and nobody can forget to count a version up. Installed files' times say
    nothing: wheels are often built with all of them set to one date. But a file that is newer than this process is
    not what the process has imported, whose code is then nobody else's.
    """
    made = hashlib.sha256()
    room = Path(__file__).parent.parent
    for path in sorted(room.rglob("*.py")):
        made.update(path.relative_to(room).as_posix().encode() + b"\n" + path.read_bytes())
        if path.stat().st_mtime > _IMPORTED:
            made.update(os.urandom(16))
    return made.hexdigest()


def digest(*parts: str) -> str:
    """The name of an entry: a digest of everything that its code depends on."""
    made = hashlib.sha256()
    for part in parts:
        data = part.encode()
        made.update(f"{len(data)} ".encode() + data)  # lengths, so that parts cannot run together
    return made.hexdigest()


def default_directory() -> Path:
    """Where entries go: `DUALTAPE_CACHE_DIR`, or the platform's place for caches of this user."""
    chosen = os.environ.get("DUALTAPE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "dualtape" / "objects"


class ObjectCache:
    """Entries of one directory, which is made when first written to.

    Attributes:
        directory: Where they are.
        limit: Bytes they may take together.
        most: How many there may be.
    """

    def __init__(self, directory: Path, limit: int = LIMIT, most: int = MOST) -> None:
        self.directory = directory
        self.limit = limit
        self.most = most
        self._trusted: bool | None = None
        self._size: int | None = None
        self._count = 0

    def get(self, key: str) -> bytes | None:
        """What was stored under `key`; None if nothing was, or it is not whole."""
        if not self._is_trusted():
            return None
        path = self._path(key)
        try:
            with path.open("rb") as file:
                if (
                    _whose(os.fstat(file.fileno())) is not None
                ):  # the directory may have been exchanged
                    return None
                data = file.read()
        except OSError:
            return None
        start = len(MAGIC) + 32
        payload = data[start:]
        if data[:start] != MAGIC + _checksum(key, payload):
            with contextlib.suppress(OSError):  # another process may have been quicker
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # the time of use only decides what is removed first
            os.utime(path)
        return payload

    def put(self, key: str, payload: bytes) -> bool:
        """Store `payload` under `key`; False where that is not possible."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_trusted():
                return False
            data = MAGIC + _checksum(key, payload) + payload
            # Readers see the old entry or the new one, never a part: written elsewhere, then renamed.
            handle, name = tempfile.mkstemp(prefix="new-", dir=self.directory)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(name, self._path(key))
            except BaseException:
                os.unlink(name)
                raise
            self._make_room(len(data))
        except OSError:
            return False
        return True

    def _path(self, key: str) -> Path:
        return self.directory / (key + SUFFIX)

    def _is_trusted(self) -> bool:
        if self._trusted is None:
            try:
                reason = _why_not(self.directory)
            except FileNotFoundError:
                return False  # not made yet
            except OSError as err:
                reason = str(err)
            self._trusted = reason is None
            if reason is not None:
                warnings.warn(
                    f"{self.directory}: {reason}, so compiled code is not kept there. "
                    "Set DUALTAPE_CACHE_DIR to a directory of your own, or DUALTAPE_CACHE=0",
                    CacheWarning,
                    stacklevel=2,
                )
        return self._trusted

    def _make_room(self, added: int) -> None:
        """Remove what was not used for longest, once there are more entries than may be, or they take more."""
        if self._size is not None:
            self._size += added
            self._count += 1
            if self._fits(1):
                return
        entries = []
        for path in self.directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # removed by another process just now
                about = path.stat()
                if path.suffix == SUFFIX:
                    entries.append((about.st_mtime, about.st_size, path))
                elif path.name.startswith("new-") and about.st_mtime < time.time() - _STALE:
                    path.unlink()
        self._size = sum(size for _, size, _ in entries)
        self._count = len(entries)
        if not self._fits(1):
            entries.sort()
            for _, size, path in entries[:-1]:  # the newest is the one just written
                if self._fits(0.75):
                    break
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
                self._size -= size
                self._count -= 1

    def _fits(self, share: float) -> bool:
        """Whether the entries take no more than a share of what they may."""
        size = self._size or 0
        return size <= self.limit * share and self._count <= self.most * share


def _checksum(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + payload).digest()


def _why_not(directory: Path) -> str | None:
    """Why code found in `directory` must not be run; None if it may."""
    about = directory.stat()
    if not stat.S_ISDIR(about.st_mode):
        return "it is not a directory"
    return _whose(about)


def _whose(about: os.stat_result) -> str | None:
    """Why a file or directory cannot be relied on; None if it is the user's own, and nobody else's to write."""
    if sys.platform != "win32":  # there the user's profile is private, and modes say nothing
        if about.st_uid != os.geteuid():
            return "it belongs to another user"
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return "others may write to it"
    return None


_caches: dict[Path, ObjectCache] = {}


def current() -> ObjectCache | None:
    """The cache that the environment asks for now; None if it is switched off."""
    if os.environ.get("DUALTAPE_CACHE") == "0":
        return None
    try:
        directory = default_directory()
    except RuntimeError:  # no home directory
        return None
    return _caches.setdefault(directory, ObjectCache(directory))
