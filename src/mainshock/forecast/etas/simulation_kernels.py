"""Compiled loops that draw aftershock sequences, one catalogue after the other."""

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.lineage import LIFT_STEP, LOWEST_LIFT
from mainshock.forecast.etas.random_numbers import poisson, uniform
from mainshock.forecast.etas.simulation_tables import (
    LONGEST,
    Law,
    Lifting,
    Outline,
    Sources,
    Wakes,
)
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM
from mainshock.signal.compiled import compiled

__all__ = ["draw_block"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
StateArray = NDArray[np.uint64]
Events = tuple[
    NDArray[np.int32],
    FloatArray,
    NDArray[np.float32],
    int,
]

_E2 = 0.0066943799901413165  # WGS84, first eccentricity squared
_A2 = _E2 / 3 + 31 * _E2**2 / 180 + 517 * _E2**3 / 5040
_A4 = 23 * _E2**2 / 360 + 251 * _E2**3 / 3780
_A6 = 761 * _E2**3 / 45360


@compiled
def _delay(
    state: StateArray, omega: float, tau_days: float, late: float, reach: float, bend: float
) -> float:
    """Return days after the start of a span, of an event whose source lies before it.

    ``late`` is the time from the source to the start of the span, plus ``c``; ``reach`` is
    ``ln((late + span) / late)`` and ``bend`` is ``exp(-omega reach) - 1``.
    """
    while True:
        u = uniform(state)
        # the power law by inversion, in ln of the time since the source plus c
        x = u * reach if abs(bend) < 1e-9 else np.log(1.0 + u * bend) / -omega
        if x < 1e-3:
            passed = late * x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0)))
        else:
            passed = late * (np.exp(x) - 1.0)
        # the taper by rejection; 1 - y is below exp(-y)
        u = uniform(state)
        y = passed / tau_days
        if u <= 1.0 - y or u <= np.exp(-y):
            return passed


@compiled
def _move(
    state: StateArray,
    sources: FloatArray,
    source: int,
    spread_km2: float,
    rho: float,
    events: FloatArray,
    row: int,
) -> bool:
    """Write the place of an event drawn around a source: longitude, latitude, sine and cosine.

    Distances are chords; their square, in km^2, is written as well. Returns False where the sphere
    ends before. Arrays and row numbers are passed, since a view of one row costs more than the
    row's arithmetic.
    """
    square = spread_km2 * (np.exp(np.log(uniform(state)) / -rho) - 1.0)
    events[row, 6] = square
    square /= AUTHALIC_RADIUS_KM * AUTHALIC_RADIUS_KM
    if square > 4.0:
        return False
    while True:  # a direction
        e = 2.0 * uniform(state) - 1.0
        n = 2.0 * uniform(state) - 1.0
        length = e * e + n * n
        if 1e-12 < length <= 1.0:
            break
    # a chord r spans an angle of cosine 1 - r^2 / 2 and sine r sqrt(1 - r^2 / 4)
    far = np.sqrt(square * (1.0 - 0.25 * square) / length)
    near = 1.0 - 0.5 * square
    longitude, latitude = sources[source, 0], sources[source, 1]
    sine, cosine = sources[source, 2], sources[source, 3]
    # in the frame of the source's meridian
    x = near * cosine - far * n * sine
    y = far * e
    z = near * sine + far * n * cosine
    level = np.sqrt(x * x + y * y)
    rise = z * cosine - level * sine  # sine of the difference in latitude
    if abs(y) < 0.05 * x and abs(rise) < 0.05:
        t = y / x
        q, r = t * t, rise * rise
        longitude += t * (1.0 - q * (1.0 / 3.0 - q * (0.2 - q * (1.0 / 7.0 - q / 9.0))))
        latitude += rise * (1.0 + r * (1.0 / 6.0 + r * (0.075 + r * 15.0 / 336.0)))
    else:
        longitude += np.arctan2(y, x)
        latitude = np.arctan2(z, level)
    events[row, 0], events[row, 1], events[row, 2], events[row, 3] = longitude, latitude, z, level
    return True


@compiled
def _above(state: StateArray, law: Law) -> float:
    """Return how far a magnitude lies above the lowest."""
    return float(-np.log(1.0 - uniform(state) * law.cut) / law.beta)


@compiled
def _longer(events: FloatArray) -> FloatArray:
    """Return the events with room for more.

    Columns are longitude to cosine, time, magnitude above the lowest, activity, ln background.
    """
    wider = np.empty((2 * len(events), 8))
    for i in range(len(events)):
        for j in range(8):
            wider[i, j] = events[i, j]
    return wider


@compiled
def _chosen(state: StateArray, keep: FloatArray, other: IntArray) -> int:
    """Return a row drawn by its weight."""
    n = len(keep)
    at = uniform(state) * n
    i = min(int(at), n - 1)
    # what is left of the number is uniform again
    return i if at - i <= keep[i] else other[i]


@compiled
def _rouse(
    state: StateArray, lifting: Lifting, passed: float, above: float, events: FloatArray, row: int
) -> None:
    """Write the activity of an event, where the square of its distance stood.

    ``passed`` and ``above`` are the days since its parent, and the parent's magnitude.
    """
    if not lifting.is_used:
        events[row, 6] = lifting.of_background[0]
        return
    log = lifting.log_k0 + lifting.a * above - passed * lifting.per_tau - events[row, 7]
    log -= lifting.exponent * np.log(passed + lifting.c_days)
    spread = lifting.d_km2 * np.exp(lifting.gamma * above)
    log -= lifting.steepness * np.log(events[row, 6] + spread)
    n_rows, n_columns = lifting.activity.shape
    # between two rows, one or the other
    at = int((log - LOWEST_LIFT) / LIFT_STEP + uniform(state))
    column = min(int(uniform(state) * n_columns), n_columns - 1)
    events[row, 6] = lifting.activity[min(max(at, 0), n_rows - 1), column]


@compiled
def _first(
    state: StateArray, law: Law, lifting: Lifting, past: Sources, events: FloatArray
) -> tuple[FloatArray, int]:
    """Return direct aftershocks of the past."""
    rows, keep, other = past.rows, past.keep, past.other
    n = 0
    for _ in range(poisson(state, past.expected)):
        if n > law.max_events:
            break
        if n == len(events):
            events = _longer(events)
        i = _chosen(state, keep, other)
        if _move(state, rows, i, rows[i, 4], past.rho, events, n):
            late, reach, bend = rows[i, 5], rows[i, 6], rows[i, 7]
            events[n, 4] = _delay(state, rows[i, 8], past.tau_days, late, reach, bend)
            events[n, 5] = _above(state, law)
            events[n, 7] = rows[i, 9]
            _rouse(state, lifting, rows[i, 10] + events[n, 4], rows[i, 11], events, n)
            n += 1
    return events, n


@compiled
def _contains(outline: Outline, longitude: float, latitude: float) -> bool:
    """Tell whether a place within the bounds lies inside the polygon."""
    band_start, sides = outline.band_start, outline.sides
    n_bands = len(band_start) - 1
    height = outline.north - outline.south
    band = min(int((latitude - outline.south) / height * n_bands), n_bands - 1)
    inside = False
    for i in range(band_start[band], band_start[band + 1]):
        y1, y2 = sides[i, 1], sides[i, 3]
        if (y1 > latitude) != (y2 > latitude):
            share = (latitude - y1) / (y2 - y1)
            if longitude < sides[i, 0] + share * (sides[i, 2] - sides[i, 0]):
                inside = not inside
    return inside


@compiled
def _turned(longitude: float, west: float) -> float:
    """Return a longitude of at least ``west`` and less than a turn beyond it."""
    while longitude < west:
        longitude += 360.0
    while longitude >= west + 360.0:
        longitude -= 360.0
    return longitude


@compiled
def _find_seen(
    outline: Outline, law: Law, events: FloatArray, first: int, end: int, found: FloatArray
) -> int:
    """Write time, magnitude, longitude, latitude of events in window and region; their number.

    Places are rounded as they will be stored before it is asked whether they lie inside.
    """
    low, high = outline.low - 1e-6, outline.high + 1e-6
    kept = 0
    for i in range(first, end):
        z = events[i, 2]
        if z < low or z > high or events[i, 4] >= law.days:
            continue
        longitude = _turned(np.degrees(events[i, 0]), -180.0)
        longitude = _turned(np.float64(np.float32(longitude)), -180.0)
        sine2 = 2.0 * z * events[i, 3]  # Snyder 3-18: from the sphere to the ellipsoid
        cosine2 = 1.0 - 2.0 * z * z
        sine4 = 2.0 * sine2 * cosine2
        sine6 = sine4 * cosine2 + (1.0 - 2.0 * sine2 * sine2) * sine2
        latitude = np.degrees(events[i, 1] + _A2 * sine2 + _A4 * sine4 + _A6 * sine6)
        latitude = min(max(np.float64(np.float32(latitude)), -90.0), 90.0)
        if not outline.is_globe:
            turned = _turned(longitude, outline.west)
            if turned >= outline.east or latitude < outline.south or latitude >= outline.north:
                continue
            if not (outline.is_box or _contains(outline, turned, latitude)):
                continue
        found[kept, 0], found[kept, 1] = events[i, 4], law.m_low + events[i, 5]
        found[kept, 2], found[kept, 3] = longitude, latitude
        kept += 1
    return kept


@compiled
def _background(
    state: StateArray,
    law: Law,
    lifting: Lifting,
    places: Sources,
    outline: Outline,
    events: FloatArray,
    n: int,
) -> tuple[FloatArray, int]:
    """Return the events with those of the background, which all lie in the region."""
    rows, keep, other = places.rows, places.keep, places.other
    found = np.empty((1, 4))
    for _ in range(poisson(state, law.n_background)):
        if n > law.max_events:
            break
        if n == len(events):
            events = _longer(events)
        events[n, 4] = law.days * (1.0 - uniform(state))
        events[n, 5] = _above(state, law)
        while True:
            if uniform(state) <= law.floor:
                _anywhere(state, outline, events, n)
                events[n, 7] = lifting.log_uniform
            else:
                i = _chosen(state, keep, other)
                if not _move(state, rows, i, rows[i, 4], places.rho, events, n):
                    continue
                events[n, 7] = rows[i, 9]
            if _find_seen(outline, law, events, n, n + 1, found):
                break
        of_background = lifting.of_background
        at = min(int(uniform(state) * len(of_background)), len(of_background) - 1)
        events[n, 6] = of_background[at]
        n += 1
    return events, n


@compiled
def _anywhere(state: StateArray, outline: Outline, events: FloatArray, row: int) -> None:
    """Write a place drawn evenly from the box around the region."""
    west, east = outline.west, outline.east
    z = outline.low + (outline.high - outline.low) * uniform(state)
    events[row, 0] = np.radians(west + (east - west) * uniform(state))
    events[row, 1] = np.arcsin(z)
    events[row, 2], events[row, 3] = z, np.sqrt(1.0 - z * z)


@compiled
def _later(
    state: StateArray, law: Law, lifting: Lifting, events: FloatArray, n: int
) -> tuple[FloatArray, int]:
    """Return the events with all that they trigger before the window ends."""
    i = 0
    while i < n <= law.max_events:
        above, active = events[i, 5], events[i, 6] - law.mean_activity
        omega = law.omega + law.omega_magnitude * above + law.omega_activity * active
        log_c = law.log_c + law.c_magnitude * above
        c_days = np.exp(log_c)
        # without the taper, which then leaves some out
        left = min(law.days - events[i, 4], LONGEST * law.tau_days)
        reach = np.log(1.0 + left / c_days)
        bend = np.exp(-omega * reach) - 1.0
        integral = reach if abs(omega) < 1e-9 else bend / -omega
        rise = law.growth * above + law.productivity_activity * active - omega * log_c
        n_direct = poisson(state, law.factor * np.exp(rise) * integral)
        spread = law.d_km2 * np.exp(law.gamma * above) if n_direct > 0 else 0.0
        for _ in range(n_direct):
            if n > law.max_events:
                break
            u = uniform(state)
            x = u * reach if abs(bend) < 1e-9 else np.log(1.0 + u * bend) / -omega
            passed = c_days * (np.exp(x) - 1.0)
            kept, y = uniform(state), passed / law.tau_days
            if kept > 1.0 - y and kept > np.exp(-y):
                continue
            if n == len(events):
                events = _longer(events)
            if _move(state, events, i, spread, law.rho, events, n):
                events[n, 4] = events[i, 4] + passed
                events[n, 5] = _above(state, law)
                events[n, 7] = events[i, 7]
                _rouse(state, lifting, passed, above, events, n)
                n += 1
        i += 1
    return events, n


@compiled
def _is_hidden(wakes: Wakes, time: float, magnitude: float, own: FloatArray, n_own: int) -> bool:
    """Tell whether a large event before this one makes the catalogue miss it."""
    for k in range(len(wakes.time_days) + n_own):
        if k < n_own:
            since, large = time - own[k, 0], own[k, 1]
        else:
            since = time - wakes.time_days[k - n_own]
            large = wakes.magnitude[k - n_own]
        if since <= 0.0 or magnitude >= large:
            continue
        if magnitude < large - wakes.offset - wakes.slope * np.log10(since):
            return True
    return False


@compiled
def _by_time(found: FloatArray, n: int, days: float, order: IntArray, start: IntArray) -> None:
    """Write the order of the first ``n`` rows by their first column, which lies in 0 to days."""
    start[: n + 1] = 0
    most = 0
    for i in range(n):
        at = min(int(found[i, 0] / days * n), n - 1) + 1
        start[at] += 1
        most = max(most, start[at])
    for i in range(n):
        start[i + 1] += start[i]
    for i in range(n):
        at = min(int(found[i, 0] / days * n), n - 1)
        order[start[at]] = i
        start[at] += 1
    # within buckets by insertion; full ones, of events close in time, by Shell's steps before it
    step = 1 if most <= 64 else most // 2
    while step > 0:
        for k in range(step, n):
            i, at = order[k], k
            while at >= step and found[order[at - step], 0] > found[i, 0]:
                order[at] = order[at - step]
                at -= step
            order[at] = i
        step = 1 if step == 2 else int(step / 2.2)


@compiled
def _leave_out_hidden(wakes: Wakes, found: FloatArray, order: IntArray, n: int) -> int:
    """Leave rows out of the order that the catalogue would miss; return what remains."""
    own = np.empty((n, 2))
    n_own, n_seen = 0, 0
    for k in range(n):
        time, magnitude = found[order[k], 0], found[order[k], 1]
        if _is_hidden(wakes, time, magnitude, own, n_own):
            continue
        if magnitude >= wakes.large:
            own[n_own, 0], own[n_own, 1] = time, magnitude
            n_own += 1
        order[n_seen] = order[k]
        n_seen += 1
    return n_seen


@compiled
def _wider(
    number: NDArray[np.int32],
    time: FloatArray,
    others: NDArray[np.float32],
    n: int,
    room: int,
) -> tuple[NDArray[np.int32], FloatArray, NDArray[np.float32]]:
    """Return the first ``n`` events with room for more."""
    numbers, times = np.empty(room, dtype=np.int32), np.empty(room)
    rest = np.empty((room, 3), dtype=np.float32)
    for i in range(n):
        numbers[i], times[i] = number[i], time[i]
        for j in range(3):
            rest[i, j] = others[i, j]
    return numbers, times, rest


@compiled
def draw_block(
    state: StateArray,
    first: int,
    n_catalogues: int,
    law: Law,
    lifting: Lifting,
    past: Sources,
    places: Sources,
    outline: Outline,
    wakes: Wakes,
    room: int,
) -> Events:
    """Return the events of some catalogues.

    Their numbers, times in days after the start, and magnitude, longitude and latitude in columns;
    then the number of the catalogue that passed the limit, or -1. ``room`` is a guess of how many.
    """
    number, time = np.empty(room, dtype=np.int32), np.empty(room)
    others = np.empty((room, 3), dtype=np.float32)
    events, found = np.zeros((64, 8)), np.empty((64, 4))
    order, start = np.empty(64, dtype=np.int64), np.empty(65, dtype=np.int64)
    total, failed = 0, -1
    for k in range(first, first + n_catalogues):
        events, n = _first(state, law, lifting, past, events)
        events, n = _background(state, law, lifting, places, outline, events, n)
        events, n = _later(state, law, lifting, events, n)
        if n > law.max_events:
            failed = k
            break
        if n > len(found):
            found = np.empty((2 * n, 4))
            order, start = np.empty(2 * n, dtype=np.int64), np.empty(2 * n + 1, dtype=np.int64)
        n = _find_seen(outline, law, events, 0, n, found)
        _by_time(found, n, law.days, order, start)
        if wakes.hides:
            n = _leave_out_hidden(wakes, found, order, n)
        if total + n > len(time):
            number, time, others = _wider(number, time, others, total, 2 * (total + n))
        for i in range(n):
            at, row = total + i, order[i]
            number[at] = k
            time[at] = found[row, 0]
            # rounding must not bring a magnitude below the lowest
            others[at, 0] = max(np.float32(found[row, 1]), law.m_single)
            others[at, 1], others[at, 2] = found[row, 2], found[row, 3]
        total += n
    return number[:total], time[:total], others[:total], failed
