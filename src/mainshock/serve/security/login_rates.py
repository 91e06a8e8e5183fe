"""How often somebody may try to sign in: by name, by address, and by both."""

from collections.abc import Callable

from mainshock.serve.security.rates import RateLimit

__all__ = ["LoginRates"]


class LoginRates:
    """Counts tries to sign in.

    Few for one name from one address; more for one address, which may belong to many people; and
    more for one name from all addresses, so that nobody is kept out by tries in his name alone.

    Parameters
    ----------
    clock
        Seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._of_both = RateLimit(6.0, 5, clock)
        self._of_client = RateLimit(30.0, 20, clock)
        self._of_name = RateLimit(60.0, 30, clock)
        self._told = RateLimit(1.0, 1, clock)

    def wait_s(self, name: str, client: str) -> float:
        """Count a try, and return 0, or after how many seconds the next one may come."""
        wait_s = self.of_client(client)
        wait_s = wait_s or self._of_both.wait_s(f"{client} {name}")
        return wait_s or self._of_name.wait_s(name)

    def of_client(self, client: str) -> float:
        """Count a try of an address in nobody's name; return as ``wait_s`` does."""
        return self._of_client.wait_s(client)

    def is_worth_a_line(self, client: str) -> bool:
        """Return whether the audit log is to tell of too many tries: once a minute by address."""
        return self._told.wait_s(client) == 0.0
