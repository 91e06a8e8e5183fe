"""A space-time ETAS model in which kernels of large events lie along their ruptures."""

import numpy as np

from mainshock.forecast.base import FitSettings
from mainshock.forecast.etas.elongation import ElongationSettings
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.past import Past
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["ElongatedEtas", "elongation_of"]


class ElongatedEtas(SpaceTimeEtas):
    """A fitted model whose intensities follow the ruptures of large events.

    Its integral takes the part of each kernel inside the region from the epicentre, and its
    simulated catalogues place all aftershocks around epicentres.
    """

    __slots__ = ()

    def past(self, history: Catalogue) -> Past:
        """Return what the model makes of past events; the last answer is kept."""
        kept: Past | None = self._kept.get("past")
        if kept is None or not _begins_with(kept.catalogue, history):
            kept = Past.of(
                history,
                self.region,
                TriggeringLaw(self.parameters),
                self._fitted_background(),
                self.info.settings.threads,
                elongation_of(self.info.settings),
            )
            self._kept["past"] = kept
        return kept.before(len(history))


def elongation_of(settings: FitSettings) -> ElongationSettings | None:
    """Return which kernels the options of a fit draw out; None: none."""
    is_on = settings.options.get("anisotropy", "off") == "on"
    return ElongationSettings.above(settings.mc) if is_on else None


def _begins_with(longer: Catalogue, shorter: Catalogue) -> bool:
    n = len(shorter)
    names = ("time_days", "magnitude", "longitude", "latitude")
    return len(longer) >= n and all(
        np.array_equal(getattr(longer, one)[:n], getattr(shorter, one)) for one in names
    )
