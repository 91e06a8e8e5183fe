"""Both databases that a store may lie in."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools_at_hand import absent

sys.path.insert(0, str(Path(__file__).parent / "postgres"))
from postgres_server import PostgresServer, find_programs, missing_for_tests


@pytest.fixture(scope="session")
def postgres_programs() -> Path:
    """Folder of PostgreSQL's programs; where they are absent a test skips, but fails under CI."""
    message = missing_for_tests()
    if message:
        absent(message)
    return find_programs()


@pytest.fixture(scope="session")
def postgres_server(postgres_programs) -> Iterator[PostgresServer]:
    """A running server, the same for all tests."""
    server = PostgresServer(postgres_programs)
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server) -> Iterator[str]:
    """Address of a new database."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path) -> Path | str:
    """Where a store is made: each test that asks for it runs on both databases."""
    if request.param == "sqlite":
        return tmp_path / "live.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def new_place(request, place, tmp_path) -> Callable[[], Path | str]:
    """Returns a function that names one more place in the same kind of database."""
    made = []

    def make() -> Path | str:
        made.append(None)
        if isinstance(place, Path):
            return tmp_path / f"more{len(made)}.db"
        server = request.getfixturevalue("postgres_server")
        name = server.new_database()
        request.addfinalizer(lambda: server.drop_database(name))
        return server.url(name)

    return make
