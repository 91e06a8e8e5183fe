"""Tells whether the service can do its work: what it shows, and the store behind it."""

import asyncio

from anyio import CapacityLimiter, to_thread

from mainshock.serve.context import ServiceContext

__all__ = ["Readiness"]

_ANSWER_S = 3.0


class Readiness:
    """Asks the store in one thread of its own, however many ask, and waits no longer than stated.

    Parameters
    ----------
    context
        What the service shows.
    answer_s
        How long the store may take to answer.
    """

    def __init__(self, context: ServiceContext, answer_s: float = _ANSWER_S) -> None:
        self._context = context
        self._answer_s = answer_s
        self._asking: asyncio.Future[str] | None = None
        self._limiter: CapacityLimiter | None = None

    async def reason(self) -> str:
        """Return why the service is not ready; an empty text where it is."""
        reason = self._context.is_ready()
        if reason:
            return reason
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())
        done, _ = await asyncio.wait({self._asking}, timeout=self._answer_s)
        if not done:
            return f"the store does not answer within {self._answer_s:g} s; look at it"
        return self._asking.result()

    async def _ask(self) -> str:
        if self._limiter is None:  # which belongs to the loop that runs
            self._limiter = CapacityLimiter(1)
        problem = self._context.store.database.problem
        return await to_thread.run_sync(problem, limiter=self._limiter)
