"""The keys that sign tokens: made at the first start, kept for the owner alone, changed at will."""

import json
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from mainshock.core.errors import SettingsError, SourceError
from mainshock.core.files import make_folder

__all__ = ["ALGORITHM", "LONGEST_TOKEN_S", "SigningKeys"]

ALGORITHM = "Ed25519"
LONGEST_TOKEN_S = 3600.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    key: OKPKey
    kid: str
    made_s: float
    retired_s: float | None


class SigningKeys:
    """Keys of EdDSA (Ed25519); the newest signs, former ones are good until their tokens expire.

    Parameters
    ----------
    path
        File that holds them, made with mode 600 where it is missing; None keeps them in memory.
    clock
        Seconds since 1970.

    Raises
    ------
    SettingsError
        If others than the owner may read the file, or it holds no keys.
    SourceError
        If it cannot be read or written.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._kept: list[_Kept] = []
        if path is None:
            self._kept = [_new(clock())]
            return
        if not path.is_file():
            make_folder(path.parent)
            self._write_first([_new(clock())])
        self._refresh()

    def current(self) -> tuple[str, OKPKey]:
        """Return name and key that sign now."""
        with self._lock:
            self._refresh()
            newest = max(self._kept, key=lambda one: one.made_s)
        return newest.kid, newest.key

    def find(self, kid: str) -> OKPKey | None:
        """Return the key of a name while it is good, or None."""
        with self._lock:
            self._refresh()
            return next((one.key for one in self._kept if one.kid == kid and self._good(one)), None)

    def rotate(self, *, at_once: bool = False) -> str:
        """Make a new key that signs from now on, and return its name.

        Parameters
        ----------
        at_once
            Whether tokens of former keys end now, as after a theft.
        """
        with self._lock:
            self._refresh()
            now_s = self._clock()
            made = _new(now_s)
            former = [] if at_once else [one for one in self._kept if self._good(one)]
            retired = [
                one if one.retired_s is not None else _Kept(one.key, one.kid, one.made_s, now_s)
                for one in former
            ]
            self._kept = [*retired, made]
            if self._path is not None:
                self._written(self._kept).replace(self._path)
                self._stamp = None
            return made.kid

    def _good(self, kept: _Kept) -> bool:
        return kept.retired_s is None or self._clock() < kept.retired_s + LONGEST_TOKEN_S

    def _refresh(self) -> None:
        """Read the file again if it is another one than before."""
        if self._path is None:
            return
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp == self._stamp:
                return
            if found.st_mode & _OTHERS:
                raise SettingsError(
                    f"{self._path} has mode {stat.S_IMODE(found.st_mode):04o}: others can sign "
                    "tokens; run `chmod 600` on it, then `mainshock users rotate-keys --at-once`"
                )
            self._kept = _read(self._path.read_text(encoding="utf-8"))
            self._stamp = stamp
        except OSError as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(f"cannot read the keys {self._path}: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(
                f"{self._path} holds no signing keys; remove it: all must sign in again"
            ) from error

    def _write_first(self, kept: list[_Kept]) -> None:
        temporary = self._written(kept)
        try:
            with suppress(FileExistsError):  # another process was first: its keys count
                os.link(temporary, self._path or temporary)
        except OSError as error:
            raise SourceError(f"cannot write the keys {self._path}: {error}") from error
        finally:
            temporary.unlink(missing_ok=True)

    def _written(self, kept: list[_Kept]) -> Path:
        """Return a file beside the own one that holds keys, for its owner alone."""
        path = self._path or Path()
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        rows = [
            {
                "jwk": one.key.as_dict(private=True),
                "made_s": one.made_s,
                "retired_s": one.retired_s,
            }
            for one in kept
        ]
        try:
            number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as handle:
                json.dump({"keys": rows}, handle)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError as error:
            raise SourceError(f"cannot write the keys {path}: {error}") from error
        return temporary


def _new(now_s: float) -> _Kept:
    kid = secrets.token_hex(8)
    return _Kept(OKPKey.generate_key("Ed25519", {"kid": kid}), kid, now_s, None)


def _read(text: str) -> list[_Kept]:
    document: dict[str, Any] = json.loads(text)  # checked by what is made of it
    found = [
        _Kept(
            OKPKey.import_key(one["jwk"]), str(one["jwk"]["kid"]), one["made_s"], one["retired_s"]
        )
        for one in document["keys"]
    ]
    if not any(one.retired_s is None for one in found):
        raise ValueError("no key in use")
    return found
