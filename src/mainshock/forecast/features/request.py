"""From a user's words to a feature table: issue times, grid, completeness, by a clock."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.table import FeatureSettings
from mainshock.forecast.model_folder import open_model
from mainshock.forecast.moments import days_asked
from mainshock.forecast.region import Region
from mainshock.forecast.selection.fitting import FitRequest, prepare_fit
from mainshock.sources.seismicity.catalogue import Catalogue, text_from_days
from mainshock.sources.seismicity.versions import with_delay

__all__ = ["PreparedTable", "TableRequest", "issue_times", "prepare_table_of"]

FloatArray = NDArray[np.float64]
_FIRST_YEAR = 365.0
_LONG_WAIT_DAYS = 30.0


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What a user asks for, in the user's words.

    Parameters
    ----------
    start, end
        The first issue time, and where the last target window ends at the latest; ISO 8601, or
        days where the catalogue is synthetic. None: midnight a year after the first event, and
        the last event.
    at
        One issue time instead, for a table of the present without targets.
    step_days, target_days
        Days between issue times, and of the window after each; None: a step.
    cell_deg
        Side of a cell.
    target_mc
        Events from this magnitude on are counted in the window; None: ``mc``.
    mc
        Smaller events do not count; None: the smallest before the first issue time, or what is
        measured where the catalogue is not complete to it.
    region
        Text; None: that of the ETAS model, or a box around the events before the first issue time.
    delay_days
        Events count as known so long after they happened; None: as the catalogue states.
    etas
        Folder of a space-time model whose expected numbers become features.
    with_regime
        Whether columns of the tectonic regime are wanted.
    allow_incomplete
        Whether a table below completeness is wanted; it is then warned of.
    """

    start: str | None = None
    end: str | None = None
    at: str | None = None
    step_days: float = 1.0
    target_days: float | None = None
    cell_deg: float = 0.5
    target_mc: float | None = None
    mc: float | None = None
    region: str | None = None
    delay_days: float | None = None
    etas: Path | None = None
    with_regime: bool = False
    allow_incomplete: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTable:
    """What a table needs.

    Parameters
    ----------
    catalogue
        Events before the end of the last target window; later ones are gone.
    issue_days
        Ascending, days after 1970-01-01.
    settings
        Of its rows.
    with_targets
        Whether windows are over.
    warnings
        What the user must know.
    """

    catalogue: Catalogue
    issue_days: FloatArray
    settings: FeatureSettings
    with_targets: bool
    warnings: tuple[str, ...]


def issue_times(
    first_days: float, end_days: float, step_days: float, target_days: float
) -> FloatArray:
    """Return issue times, a step apart, whose target windows end by a moment.

    Examples
    --------
    >>> issue_times(0.0, 10.0, 3.0, 2.0).tolist()
    [0.0, 3.0, 6.0]
    """
    n = int(np.floor((end_days - first_days - target_days) / step_days + 1e-9)) + 1
    return np.asarray(first_days + step_days * np.arange(max(n, 0)))


def prepare_table_of(catalogue: Catalogue, request: TableRequest) -> PreparedTable:
    """Return what a table needs, or refuse it.

    Region and completeness, where they are not given, come from the events before the first issue
    time: a grid that later events shaped would tell where they are.

    Raises
    ------
    SettingsError
        If options make no sense.
    DataError
        If there is no event before the first issue time, the catalogue has no places or is not
        complete, or the ETAS model knows the time of the table.
    """
    if len(catalogue) == 0:
        raise DataError("the catalogue has no events")
    if not catalogue.has_places:
        raise DataError("events have no longitude or latitude; cells need places")
    _refuse_numbers(request)
    if request.delay_days is not None:
        catalogue = with_delay(catalogue, request.delay_days)
    target_days = request.step_days if request.target_days is None else request.target_days
    issue, end = _window(catalogue, request, target_days)
    etas = _etas_of(request.etas, float(issue[0]))
    mc, region, warnings = _past_says(catalogue, request, issue, etas)
    settings = FeatureSettings(
        cells=CellGrid(region, request.cell_deg),
        mc=mc,
        step_days=target_days,
        target_mc=request.target_mc,
        etas=etas,
        with_regime=request.with_regime,
    )
    warnings = (*warnings, *_late(catalogue, request))
    return PreparedTable(
        catalogue.between(-np.inf, end), issue, settings, request.at is None, warnings
    )


def _refuse_numbers(request: TableRequest) -> None:
    lengths = {"--step-days": request.step_days, "--horizon-days": request.target_days}
    for name, days in lengths.items():
        if days is not None and not (days > 0 and np.isfinite(days)):
            raise SettingsError(f"{name} {days:g} is no length; give a positive number of days")
    if request.at is None:
        return
    if request.start is not None or request.end is not None:
        raise SettingsError("--at is one issue time; leave out --from and --to")
    missing = [
        name
        for name, value in (("--mc", request.mc), ("--region", request.region or request.etas))
        if value is None
    ]
    if missing:
        raise SettingsError(
            f"--at needs {' and '.join(missing)}: those of the table that the model learnt from"
        )


def _window(
    catalogue: Catalogue, request: TableRequest, target_days: float
) -> tuple[FloatArray, float]:
    """Return the issue times, and the end of what may be read."""
    opening = float(catalogue.time_days[0])
    if request.at is not None:
        at = _days(request.at, "--at", catalogue)
        issue, end = np.array([at]), at
    else:
        year = float(np.ceil(opening + _FIRST_YEAR))
        start = year if request.start is None else _days(request.start, "--from", catalogue)
        last = float(catalogue.time_days[-1])
        end = last if request.end is None else _days(request.end, "--to", catalogue)
        issue = issue_times(start, end, request.step_days, target_days)
        if len(issue) == 0:
            raise SettingsError(
                f"no window of {target_days:g} days lies between {text_from_days(start)} and "
                f"{text_from_days(end)}; give --from and --to further apart"
            )
    if issue[0] <= opening:
        raise DataError(
            f"no event before {text_from_days(float(issue[0]))}: the catalogue begins at "
            f"{text_from_days(opening)} and features need a past; give a later issue time"
        )
    return issue, end


def _days(text: str, name: str, catalogue: Catalogue) -> float:
    return days_asked(name, text, is_synthetic=catalogue.is_synthetic)


def _past_says(
    catalogue: Catalogue, request: TableRequest, issue: FloatArray, etas: SpaceTimeEtas | None
) -> tuple[float, Region, tuple[str, ...]]:
    """Return completeness and region, by what was known at the first issue time."""
    known = catalogue.as_of(float(np.nextafter(issue[0], -np.inf)))
    if len(known) == 0:
        raise DataError(
            f"no event was known at {text_from_days(float(issue[0]))}; give a later --from, or "
            "say by --delay-days how long after they happen events are known"
        )
    own = None if etas is None else etas.info.settings
    mc = own.mc if own is not None and request.mc is None else request.mc
    told = FitRequest(mc=mc, region=request.region, allow_incomplete=request.allow_incomplete)
    found = prepare_fit(known, told)
    mc, region, warnings = found.settings.mc, found.settings.region, found.warnings
    if own is not None:
        _refuse_other_etas(own, mc, region if request.region is not None else None)
        region = own.region
    if region is None:  # prepare_fit gives one wherever events have places
        raise DataError("the table has no region; give --region")
    if own is None and request.region is None:
        box = ",".join(f"{one:.6g}" for one in region.bounds)
        warnings = (*warnings, f"region {box} is a box around the events before the first row")
    return mc, region, warnings


def _refuse_other_etas(own: FitSettings, mc: float, region: Region | None) -> None:
    if mc > own.mc + 1e-6:
        raise SettingsError(
            f"the ETAS model needs events from magnitude {own.mc:g} on, and the table counts none "
            f"below {mc:g}; give --mc {own.mc:g}"
        )
    if region is not None and own.region != region:
        raise SettingsError(
            "--region is not that of the ETAS model, whose background covers its own region; leave "
            "--region out, or fit a model there"
        )


def _etas_of(folder: Path | None, first_days: float) -> SpaceTimeEtas | None:
    if folder is None:
        return None
    model = open_model(folder)
    if not isinstance(model, SpaceTimeEtas):
        raise SettingsError(
            f"{folder} holds a model {model.info.kind}; --etas takes etas or etas-homogeneous"
        )
    end = model.info.settings.end_days
    if end > first_days + 1e-6:
        raise DataError(
            f"the ETAS model was fitted to events up to {text_from_days(end)}, after the first "
            f"issue time {text_from_days(first_days)}: its features would know what follows; give "
            "a later --from, or fit it with an earlier --to"
        )
    return model


def _late(catalogue: Catalogue, request: TableRequest) -> tuple[str, ...]:
    """Warn of catalogues that state late revisions alone."""
    if request.delay_days is not None:
        return ()
    wait = (catalogue.known_days - catalogue.time_days)[np.isfinite(catalogue.known_days)]
    if len(wait) == 0 or np.median(wait) <= _LONG_WAIT_DAYS:
        return ()
    told = (
        f"half of the events with a time of revision became known {np.median(wait):.0f} days or "
        "more after they happened, and do not count before; if these are the last of several "
        "versions, say by --delay-days how long after they happen events are known"
    )
    return (told,)
