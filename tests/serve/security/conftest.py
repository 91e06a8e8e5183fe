"""A service with an account of each role."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from mainshock.serve.context import ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.security.accounts import Accounts
from mainshock.serve.security.passwords import hash_password
from mainshock.serve.security.permissions import ROLES
from mainshock.serve.security.settings import SecuritySettings
from mainshock.serve.security.signing import SigningKeys
from mainshock.stream.store.accounts import AccountStore
from mainshock.stream.store.audit_log import AuditStore
from mainshock.stream.store.live_store import LiveStore

PASSWORD = "brown slate under the harbour"  # of tests alone
OFTEN = SecuritySettings(requests_per_minute=1e6, requests_burst=1_000_000)


class House:
    """A running service with accounts, and what lies behind it."""

    def __init__(self, service: ServiceThread, store: LiveStore, key_file: Path) -> None:
        self.service = service
        self.url = service.url
        self.key_file = key_file
        self.users = AccountStore(store.database)
        self.audit = AuditStore(store.database)
        self.accounts = Accounts(self.users, SigningKeys(key_file), OFTEN)

    def token(self, name: str) -> str:
        """A token of a new sign-in."""
        return self.accounts.begin(self.users.user(name)).token

    def client(self, token: str | None = None) -> httpx.Client:
        """A client that shows a token, or none."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0)

    def status(self, token: str | None, path: str = "/api/v1/health") -> int:
        with self.client(token) as client:
            return client.get(path).status_code


@pytest.fixture(scope="session")
def open_house(make_context, tmp_path_factory) -> Callable[..., Iterator[House]]:
    """A maker of services with accounts; each has a store of its own."""

    def make(**settings) -> Iterator[House]:
        root = tmp_path_factory.mktemp("house")
        key_file = root / "state" / "keys.json"
        with LiveStore.open(root / "store.sqlite") as store:
            users = AccountStore(store.database)
            quick = hash_password(PASSWORD, 4)
            for role in ROLES:
                users.add_user(role, role, quick)
            fields = {"port": 0, "accounts": True, "key_file": key_file, "security": OFTEN}
            context = make_context(store=store, settings=ServiceSettings(**{**fields, **settings}))
            with ServiceThread(context) as service:
                yield House(service, store, key_file)

    return make


@pytest.fixture(scope="module")
def house(open_house) -> Iterator[House]:
    """A service with accounts."""
    yield from open_house()


@pytest.fixture
def own_house(open_house) -> Iterator[House]:
    """A service with accounts that a test may change."""
    yield from open_house()
