"""Rows to learn from: the evidence at events, and where an ETAS model expects some."""

from dataclasses import replace

import numpy as np

from mainshock.forecast.base import as_history, targets_of
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.residual.evidence import evidence_of
from mainshock.forecast.residual.samples import Sampling, sample_intensity
from mainshock.forecast.residual.training import Rows
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["training_rows"]

_PER_EVENT, _MOST_OF_EVENTS, _MOST_OF_DAYS = 10.0, 100_000, 40_000


def training_rows(base: SpaceTimeEtas, catalogue: Catalogue, end_days: float) -> Rows:
    """Return evidence at the events from the start of a model's fit to a day.

    Beside it, evidence at about ten times as many moments and places drawn from the model.

    Parameters
    ----------
    base
        The model; its settings say which events count.
    catalogue
        Of events; those at or after the end are not looked at.
    end_days
        Days after 1970-01-01.
    """
    settings = base.info.settings
    start = settings.start_days
    history = as_history(catalogue, settings, end_days)
    targets = targets_of(catalogue, replace(settings, end_days=end_days))
    evidence = evidence_of(base, history)
    said = base.log_intensity(targets, history)
    events = evidence.at(targets, said, base.background_probability(targets, history))
    sampling = Sampling(
        per_event=min(_PER_EVENT, _MOST_OF_EVENTS / len(targets)),
        a_day=int(np.clip(_MOST_OF_DAYS / (end_days - start), 2, 64)),
        seed=settings.seed + 1,
    )
    drawn = sample_intensity(base, history, start, end_days, sampling)
    return Rows(
        events,
        evidence.at(drawn.targets, drawn.log_intensity, drawn.background_share),
        drawn.weight,
        targets.time_days,
        drawn.targets.time_days,
    )
