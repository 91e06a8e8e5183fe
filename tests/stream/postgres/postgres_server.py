"""A PostgreSQL server of its own: in a new folder, on a free port of this machine, ended by pid."""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["PASSWORD", "USER", "PostgresServer", "find_programs", "missing_for_tests"]

USER, PASSWORD = "quakes", "not 100% a/secret@here"
_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_START_S = 60.0


def find_programs() -> Path | None:
    """Return the folder of ``initdb`` and ``postgres``, the newest version first, or None."""
    named = shutil.which("initdb")
    folders = [] if named is None else [Path(named).resolve().parent]
    found = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(found, key=lambda path: int(path.parent.name), reverse=True)
    good = (one for one in folders if (one / "initdb").exists() and (one / "postgres").exists())
    return next(good, None)


def missing_for_tests() -> str:
    """Return what the tests on PostgreSQL miss on this machine; empty where nothing."""
    if find_programs() is None:
        return "PostgreSQL is not installed (Debian: postgresql); the tests of the store need it"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed; install mainshock[postgres] for the tests of the store"
    return ""


class PostgresServer:
    """Sorts texts by a language, as many installations do, and asks for a password over TCP."""

    def __init__(self, programs: Path, settings: tuple[str, ...] = _SPEED) -> None:
        self.programs = programs
        self.settings = settings
        # below the usual folder: a socket has a short path, and another user must get there
        self.folder = Path(tempfile.mkdtemp(prefix="mainshock-postgres-", dir="/tmp"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._user = _unprivileged_user()  # PostgreSQL refuses to run as root
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        try:
            self._make()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [
                *(self.programs / "initdb", "--pgdata", self.folder / "data"),
                *("--username", USER, "--pwfile", secret, "--no-sync", "--encoding", "UTF8"),
                *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
                *("--locale", "C", "--locale-provider", "icu", "--icu-locale", "en-US"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start the server, and return when it takes connections."""
        options = ("listen_addresses=127.0.0.1", f"port={self.port}", *self.settings)
        options += (f"unix_socket_directories={self.folder}", "max_connections=60")
        path = self.folder / "log"
        before = path.stat().st_size if path.exists() else 0
        with path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self.programs / "postgres", "-D", self.folder / "data"),
                    *itertools.chain.from_iterable(("-c", one) for one in options),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self.folder,
            )
        end_s = time.monotonic() + _START_S
        while "ready to accept connections" not in (said := path.read_bytes()[before:].decode()):
            if self._process.poll() is not None or time.monotonic() > end_s:
                raise RuntimeError(f"PostgreSQL does not start:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server; connections are cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # a fast shutdown
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        """End the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """Return the name of a new, empty database."""
        name = f"store{next(self._numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and cut the connections to it."""
        self.execute("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, database: str, *statements: str) -> list[tuple]:
        """Run statements, each by itself; returns the rows of the last one."""
        import psycopg

        rows = []
        options = {"host": str(self.folder), "port": self.port, "user": USER}
        with psycopg.connect(dbname=database, autocommit=True, **options) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = [] if cursor.description is None else cursor.fetchall()
        return rows

    def url(self, database: str) -> str:
        """Return an address over the socket, where no password is asked for."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str) -> str:
        """Return an address over TCP, without the password that is asked for."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def main() -> None:
    """Start a server as safe as usual, and print an address; it ends with its input."""
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed")
    server = PostgresServer(programs, ())
    try:
        print(server.url(server.new_database()), flush=True)  # noqa: T201 - its whole purpose
        sys.stdin.read()
    finally:
        server.remove()


if __name__ == "__main__":
    main()
