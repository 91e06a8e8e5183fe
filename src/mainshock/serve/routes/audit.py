"""``/api/v1/audit``: who did what, when, from where, and what came of it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mainshock.serve.envelope import Listing, listing
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, Limit, TimeSpan
from mainshock.serve.schemas import UtcTime
from mainshock.serve.security.setup import Protection
from mainshock.stream.store.audit_log import AuditQuery, AuditRow

__all__ = ["AuditAnswer", "AuditData", "AuditParameters", "router"]

_Name = Annotated[str, Field(max_length=300)]


class AuditData(BaseModel):
    """A line of the audit log."""

    sequence: int = Field(description="Grows from line to line")
    time: UtcTime
    actor: str = Field(description="The account; local, token, system, console or - for nobody")
    action: str
    target: str
    client: str = Field(description="Address that it came from")
    result: str = Field(description="done, refused or failed; empty where it is not known")
    detail: str


class AuditAnswer(Listing[AuditData]):
    """Lines of the audit log, the newest first."""


class AuditParameters(TimeSpan):
    """Which lines are wanted."""

    actor: _Name = ""
    action: _Name = ""
    target: _Name = ""
    result: Literal["", "done", "refused", "failed"] = ""
    before: Annotated[int | None, Field(ge=1, le=2**53)] = None
    limit: Limit = 200


def router(protection: Protection) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1", tags=["accounts"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/audit")
    def list_audit(wanted: Annotated[AuditParameters, Query()]) -> AuditAnswer:
        """List the audit log, newest first; go on with `before`, the least number told."""
        query = AuditQuery(**{name: getattr(wanted, name) for name in AuditParameters.model_fields})
        found = [_data(row) for row in protection.audit.rows(query)]
        return listing(AuditAnswer, found, limit=wanted.limit)

    return routes


def _data(row: AuditRow) -> AuditData:
    when: datetime = row.time
    return AuditData(
        sequence=row.sequence,
        time=when,
        actor=row.actor,
        action=row.action,
        target=row.target,
        client=row.client,
        result=row.result,
        detail=row.detail,
    )
