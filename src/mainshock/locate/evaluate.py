"""How good located events are: errors, and whether the credible regions hold what they promise."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest
from shapely import Point
from shapely.geometry import shape

from mainshock.core.errors import DataError, NothingFoundError, SourceError
from mainshock.core.geo import geodesic_distance_km
from mainshock.locate.summary import LEVELS

__all__ = ["evaluate_located_folder", "evaluate_locations", "match_events"]

FloatArray = NDArray[np.float64]
_MATCH_S = 10.0
_NEEDED = ("event_id", "time", "longitude", "latitude", "depth_km")


def evaluate_located_folder(folder: Path, truth: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of a folder that ``mainshock locate`` wrote.

    Parameters
    ----------
    folder
        Holds ``events.csv`` and, for coverage, ``regions.geojson``.
    truth
        Catalogue with ``event_id,time,longitude,latitude,depth_km``.

    Raises
    ------
    SourceError, DataError, NothingFoundError
        If a file cannot be read, a column is missing, or no event matches.
    """
    try:
        located = pd.read_csv(folder / "events.csv", dtype={"event_id": str})
        path = folder / "regions.geojson"
        text = path.read_text(encoding="utf-8") if path.is_file() else '{"features": []}'
        features = json.loads(text)["features"]
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(f"cannot read located events in {folder}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"regions.geojson in {folder} is no GeoJSON: {error}") from error
    return evaluate_locations(located, features, truth)


def evaluate_locations(
    located: pd.DataFrame, features: list[dict[str, Any]], truth: pd.DataFrame
) -> dict[str, Any]:
    """Return errors of located events, and coverage of their regions.

    Parameters
    ----------
    located, truth
        Columns ``event_id,time,longitude,latitude,depth_km``.
    features
        GeoJSON features with the properties ``event_id`` and ``level``.

    Returns
    -------
    dict
        ``n``, ``n_located``, ``n_truth``; ``epicentral_error_km``, ``depth_error_km`` and
        ``origin_time_error_s`` with their statistics; ``coverage`` by level with
        ``observed``, the 95 % binomial ``interval95``, and ``n``.

    Raises
    ------
    DataError
        If a column is missing.
    NothingFoundError
        If no located event matches one of the catalogue.
    """
    for name, table in (("located events", located), ("the catalogue", truth)):
        missing = [column for column in _NEEDED if column not in table]
        if missing:
            raise DataError(f"{name} lack(s) {', '.join(missing)}; needed: {','.join(_NEEDED)}")
    pairs = match_events(located, truth)
    if pairs.empty:
        raise NothingFoundError(
            f"none of {len(located)} located events matches one of {len(truth)} in the catalogue, "
            f"by event_id or within {_MATCH_S:g} s"
        )
    distance = geodesic_distance_km(
        *(pairs[f"{name}{side}"] for side in ("", "_true") for name in ("longitude", "latitude"))
    )
    depth = (pairs["depth_km"] - pairs["depth_km_true"]).to_numpy(float)
    seconds = pairs["time_error_s"].to_numpy(float)
    return {
        "n": len(pairs),
        "n_located": len(located),
        "n_truth": len(truth),
        "epicentral_error_km": _statistics(distance),
        "depth_error_km": {
            "mae": _number(np.nanmean(np.abs(depth))) if np.isfinite(depth).any() else None,
            "mean": _number(np.nanmean(depth)) if np.isfinite(depth).any() else None,
        },
        "origin_time_error_s": {
            "mae": _number(np.abs(seconds).mean()),
            "mean": _number(seconds.mean()),
            "median_absolute": _number(np.median(np.abs(seconds))),
        },
        "coverage": _coverage(pairs, features),
    }


def match_events(located: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return located events beside their true ones: by ``event_id``, else nearest in time.

    Each true event is used once; times must agree within 10 s where the id does not.
    """
    left, right = located.reset_index(drop=True), truth.reset_index(drop=True)
    left, right = (table.assign(time=_utc(table["time"])) for table in (left, right))
    left["event_id"], right["event_id"] = (t["event_id"].astype(str) for t in (left, right))
    place_of = {event_id: place for place, event_id in enumerate(right["event_id"])}
    partner = {i: place_of[k] for i, k in enumerate(left["event_id"]) if k in place_of}
    free = sorted(set(range(len(right))) - set(partner.values()))
    candidates = [
        (abs((left["time"][i] - right["time"][j]).total_seconds()), i, j)
        for i in range(len(left))
        if i not in partner
        for j in free
    ]
    taken: set[int] = set()
    for apart, i, j in sorted(candidates):
        if apart <= _MATCH_S and i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    columns = ["longitude", "latitude", "depth_km", "time"]
    chosen = left.loc[list(partner)].reset_index(drop=True)
    true = right.loc[list(partner.values()), columns].add_suffix("_true").reset_index(drop=True)
    pairs = pd.concat([chosen, true], axis=1)
    pairs["time_error_s"] = (pairs["time"] - pairs["time_true"]).dt.total_seconds()
    return pairs


def _utc(times: "pd.Series[Any]") -> "pd.Series[Any]":
    try:
        return pd.to_datetime(times, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(f"a time is not ISO 8601 UTC: {error}") from error


def _coverage(pairs: pd.DataFrame, features: list[dict[str, Any]]) -> dict[str, Any]:
    truth = {
        str(event): (float(lon), float(lat))
        for event, lon, lat in zip(
            pairs["event_id"], pairs["longitude_true"], pairs["latitude_true"], strict=True
        )
    }
    held: dict[float, list[bool]] = {}
    for feature in features:
        try:
            event, level = str(feature["properties"]["event_id"]), feature["properties"]["level"]
            region = shape(feature["geometry"])
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"a region lacks {error}; it needs event_id, level, geometry"
            ) from error
        if event in truth:
            held.setdefault(float(level), []).append(bool(region.covers(Point(truth[event]))))
    return {f"{level:g}": _share(held.get(level, [])) for level in sorted({*LEVELS, *held})}


def _share(hits: list[bool]) -> dict[str, Any]:
    if not hits:
        return {"observed": None, "interval95": None, "n": 0}
    interval = binomtest(sum(hits), len(hits)).proportion_ci(0.95)
    return {
        "observed": _number(np.mean(hits)),
        "interval95": [_number(interval.low), _number(interval.high)],
        "n": len(hits),
    }


def _statistics(values: FloatArray) -> dict[str, float]:
    return {
        "median": _number(np.median(values)),
        "mean": _number(np.mean(values)),
        "p95": _number(np.percentile(values, 95)),
        "max": _number(np.max(values)),
    }


def _number(value: Any) -> float:  # Any: NumPy scalars of several kinds
    return round(float(value), 6)
