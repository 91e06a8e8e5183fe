"""How good located events are: errors, and whether the posteriors hold what they promise."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import Point
from shapely.geometry import shape

from mainshock.core.errors import DataError, NothingFoundError, RecordError, SourceError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import PosteriorSamples
from mainshock.locate.scores import (
    TrueHypocentre,
    depth_statistics,
    draw_scores,
    statistics,
    summarise,
)
from mainshock.locate.summary import LEVELS

__all__ = ["evaluate_located_folder", "evaluate_locations", "match_events", "score_pairs"]

FloatArray = NDArray[np.float64]
_MATCH_S = 10.0
_NEEDED = ("event_id", "time", "longitude", "latitude", "depth_km")
_SAMPLES = ("longitude", "latitude", "depth_km", "time_s")


def evaluate_located_folder(folder: Path, truth: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of a folder that ``mainshock locate`` wrote.

    Parameters
    ----------
    folder
        Holds ``events.csv`` and, for coverage, ``regions.geojson`` and ``samples.npz``.
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
    return evaluate_locations(located, features, truth, _read_samples(folder / "samples.npz"))


def _read_samples(path: Path) -> dict[str, PosteriorSamples]:
    """Return the draws of each event; none where there is no file."""
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [np.asarray(archive[name], np.float64) for name in _SAMPLES]
            ids = archive["event_id"]
        return {
            str(event_id): PosteriorSamples(*rows)
            for event_id, *rows in zip(ids, *arrays, strict=True)
        }
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, RecordError) as error:
        raise DataError(
            f"{path} holds no posterior draws: {error}; it needs event_id and "
            f"{', '.join(_SAMPLES)} of shape (n_events, n_samples)"
        ) from error


def evaluate_locations(
    located: pd.DataFrame,
    features: list[dict[str, Any]],
    truth: pd.DataFrame,
    samples: Mapping[str, PosteriorSamples] | None = None,
) -> dict[str, Any]:
    """Return errors of located events, and how calibrated their posteriors are.

    Parameters
    ----------
    located, truth
        Columns ``event_id,time,longitude,latitude,depth_km``; standard deviations,
        ``region68_km2``, ``azimuthal_gap_deg`` and ``n_picks`` of the located are used where
        they stand.
    features
        GeoJSON features with the properties ``event_id`` and ``level``.
    samples
        Draws of each event by its id.

    Returns
    -------
    dict
        ``n``, ``n_located``, ``n_truth``; ``epicentral_error_km``, ``depth_error_km`` and
        ``origin_time_error_s`` with their statistics; ``coverage`` of the regions by level with
        ``observed``, the 95 % binomial ``interval95``, and ``n``; what ``scores.summarise`` adds;
        ``baseline``: the errors of always answering the centroid of the true catalogue.

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
    inside = _inside(pairs, features)
    scored = pd.concat([score_pairs(pairs, samples or {}), inside], axis="columns")
    levels = sorted({*LEVELS, *(float(str(name).removeprefix("inside_")) for name in inside)})
    return {
        "n": len(pairs),
        "n_located": len(located),
        "n_truth": len(truth),
        **summarise(scored, levels),
        "baseline": _baseline(pairs, truth),
    }


def score_pairs(pairs: pd.DataFrame, samples: Mapping[str, PosteriorSamples]) -> pd.DataFrame:
    """Return errors, and ranks of the truth among the draws, beside the columns of the pairs."""
    rng = np.random.default_rng(0)  # only breaks ties
    names = ("longitude_true", "latitude_true", "depth_km_true", "time_error_s")
    places = pairs[list(names)].to_numpy(float)
    ranks: list[dict[str, float]] = []
    for event_id, (longitude, latitude, depth_km, late_s) in zip(
        pairs["event_id"], places, strict=True
    ):
        drawn = samples.get(str(event_id))
        truth = TrueHypocentre(longitude, latitude, depth_km, -late_s)
        ranks.append({} if drawn is None else draw_scores(drawn, truth, rng))
    place = pairs[["longitude", "latitude"]].to_numpy(float)
    scored = pairs.assign(
        epicentral_error_km=geodesic_distance_km(*place.T, *places[:, :2].T),
        depth_error_km=pairs["depth_km"] - pairs["depth_km_true"],
    )
    return pd.concat([scored, pd.DataFrame(ranks, index=pairs.index)], axis="columns")


def match_events(located: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return located events beside their true ones: by ``event_id``, else nearest in time.

    Each true event is used once; times must agree within 10 s where the id does not.
    """
    left, right = located.reset_index(drop=True), truth.reset_index(drop=True)
    left, right = (table.assign(time=_utc(table["time"])) for table in (left, right))
    left["event_id"], right["event_id"] = (t["event_id"].astype(str) for t in (left, right))
    place_of = {event_id: place for place, event_id in enumerate(right["event_id"])}
    partner = {i: place_of[k] for i, k in enumerate(left["event_id"]) if k in place_of}
    used = set(partner.values())
    for _, i, j in sorted(_near_in_time(left, right, partner)):
        if i not in partner and j not in used:
            partner[i] = j
            used.add(j)
    columns = ["longitude", "latitude", "depth_km", "time"]
    chosen = left.loc[list(partner)].reset_index(drop=True)
    true = right.loc[list(partner.values()), columns].add_suffix("_true").reset_index(drop=True)
    pairs = pd.concat([chosen, true], axis=1)
    pairs["time_error_s"] = (pairs["time"] - pairs["time_true"]).dt.total_seconds()
    return pairs


def _near_in_time(
    left: pd.DataFrame, right: pd.DataFrame, partner: Mapping[int, int]
) -> list[tuple[float, int, int]]:
    """Return seconds apart, row and row of all pairs without a common id that may be one event."""
    loose = np.array([i for i in range(len(left)) if i not in partner], dtype=np.intp)
    free = np.setdiff1d(np.arange(len(right)), list(partner.values()))
    start = right["time"].min()
    left_s, right_s = ((t["time"] - start).dt.total_seconds().to_numpy() for t in (left, right))
    free = free[np.argsort(right_s[free], kind="stable")]
    first = np.searchsorted(right_s[free], left_s[loose] - _MATCH_S, "left")
    past_last = np.searchsorted(right_s[free], left_s[loose] + _MATCH_S, "right")
    return [
        (abs(float(left_s[i] - right_s[j])), int(i), int(j))
        for i, low, high in zip(loose, first, past_last, strict=True)
        for j in free[low:high]
    ]


def _utc(times: "pd.Series[Any]") -> "pd.Series[Any]":
    try:
        return pd.to_datetime(times, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise DataError(f"a time is not ISO 8601 UTC: {error}") from error


def _inside(pairs: pd.DataFrame, features: list[dict[str, Any]]) -> pd.DataFrame:
    """Return for each level whether its region holds the true epicentre: 1, 0, NaN if none."""
    row_of = {str(event_id): row for row, event_id in enumerate(pairs["event_id"])}
    truth = pairs[["longitude_true", "latitude_true"]].to_numpy(float)
    columns: dict[str, FloatArray] = {}
    for feature in features:
        try:
            event, level = str(feature["properties"]["event_id"]), feature["properties"]["level"]
            name = f"inside_{float(level):g}"
            if event not in row_of:
                continue
            row = row_of[event]
            column = columns.setdefault(name, np.full(len(pairs), np.nan))
            column[row] = shape(feature["geometry"]).covers(Point(truth[row]))
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"a region lacks {error}; it needs event_id, level, geometry"
            ) from error
    return pd.DataFrame(columns, index=pairs.index)


def _baseline(pairs: pd.DataFrame, truth: pd.DataFrame) -> dict[str, Any]:
    """Return the errors of one answer for all: the centroid and mean depth of the catalogue."""
    lon, lat = (np.radians(truth[name].to_numpy(float)) for name in ("longitude", "latitude"))
    parts = (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    x, y, z = (float(part.mean()) for part in parts)
    longitude, latitude = np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
    true = pairs[["longitude_true", "latitude_true"]].to_numpy(float)
    away = geodesic_distance_km(longitude, latitude, *true.T)
    depth = float(truth["depth_km"].mean()) - pairs["depth_km_true"].to_numpy(float)
    return {
        "answer": "always the centroid of the true catalogue",
        "epicentral_error_km": statistics(away),
        "depth_error_km": depth_statistics(depth),
    }
