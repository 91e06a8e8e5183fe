"""Turns what each look at a record shows into versions of picks: new, update, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mainshock.core.records import Pick
from mainshock.stream.records import LivePick, VersionKind, VersionStatus

__all__ = ["OpenPicks", "new_version"]

_BETTER = 0.1


@dataclass(slots=True)
class OpenPicks:
    """The picks of one instrument that are not settled yet.

    Parameters
    ----------
    instrument
        First letters of the channels.
    same_s
        Picks of one phase nearer than this are one.
    is_synthetic
        Whether the records are made up.
    picks
        The latest version of each.
    """

    instrument: str
    same_s: float
    is_synthetic: bool = False
    picks: list[LivePick] = field(default_factory=list)

    def see(self, found: Sequence[Pick], issued: datetime) -> list[LivePick]:
        """Return the versions that an early look gives rise to.

        A pick that is known already is told again only where it became clearly more probable.
        """
        versions = []
        for pick in found:
            known = self._nearest(pick)
            if known is None:
                versions.append(self._new(pick, "preliminary", issued))
                self.picks.append(versions[-1])
            elif pick.probability >= known.pick.probability + _BETTER:
                versions.append(_next(known, "update", "preliminary", pick, issued))
                self._put(known, versions[-1])
        return versions

    def settle(
        self, found: Sequence[Pick], start: datetime, end: datetime, issued: datetime
    ) -> list[LivePick]:
        """Return the versions that settle all picks from ``start`` up to, not including, ``end``.

        ``found`` may reach a little beyond both: such picks speak for a neighbour inside.
        """
        versions: list[LivePick] = []
        for pick in found:
            known = self._nearest(pick)
            if start <= pick.time < end:
                if known is None:
                    versions.append(self._new(pick, "settled", issued))
                else:
                    versions.append(_next(known, "update", "settled", pick, issued))
                    self.picks.remove(known)
        margin = timedelta(seconds=self.same_s)
        beyond = [one for one in found if one.time >= end]
        for known in [one for one in self.picks if one.pick.time < end]:
            if not any(_is_same(one, known.pick, margin) for one in beyond):
                versions.append(_next(known, "cancel", "settled", known.pick, issued))
                self.picks.remove(known)
        return versions

    def _nearest(self, pick: Pick) -> LivePick | None:
        margin = timedelta(seconds=self.same_s)
        near = [one for one in self.picks if _is_same(pick, one.pick, margin)]
        return min(near, key=lambda one: abs(one.pick.time - pick.time), default=None)

    def _new(self, pick: Pick, status: VersionStatus, issued: datetime) -> LivePick:
        return new_version(pick, self.instrument, status, issued, is_synthetic=self.is_synthetic)

    def _put(self, old: LivePick, new: LivePick) -> None:
        self.picks[self.picks.index(old)] = new


def new_version(
    pick: Pick, instrument: str, status: VersionStatus, issued: datetime, *, is_synthetic: bool
) -> LivePick:
    """Return the first version of a pick, named by its place, phase and time."""
    place = f"{pick.network}.{pick.station}.{pick.location}.{instrument}"
    hundredths = pick.time.microsecond // 10_000
    name = f"{place}.{pick.phase}.{pick.time:%Y%m%dT%H%M%S}{hundredths:02d}"
    return LivePick(name, 1, "new", status, pick, instrument, issued, is_synthetic)


def _is_same(pick: Pick, other: Pick, margin: timedelta) -> bool:
    return pick.phase == other.phase and abs(pick.time - other.time) < margin


def _next(
    known: LivePick, kind: VersionKind, status: VersionStatus, pick: Pick, issued: datetime
) -> LivePick:
    return replace(
        known, version=known.version + 1, kind=kind, status=status, pick=pick, issued=issued
    )
