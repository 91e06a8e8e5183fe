"""Many possible catalogues of one window, as columns."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["SimulatedCatalogues"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedCatalogues:
    """Events of ``n_catalogues`` possible futures, sorted by catalogue, then time.

    Parameters
    ----------
    start_days, end_days
        The window, days after 1970-01-01.
    n_catalogues
        Number of catalogues; those without events count.
    mc
        Events have at least this magnitude.
    catalogue
        Number of the catalogue of each event from 0, int32, shape ``(n_events,)``.
    time_days
        Days after ``start_days``, float64.
    magnitude
        float32.
    longitude, latitude
        Degrees, float32; None for models of times alone.
    seed
        From which they were drawn.
    model
        Kind and checksum of the model.
    is_synthetic
        Whether the model was fitted to a synthetic catalogue. The events themselves are always
        simulated.
    """

    start_days: float
    end_days: float
    n_catalogues: int
    mc: float
    catalogue: NDArray[np.int32]
    time_days: FloatArray
    magnitude: NDArray[np.float32]
    longitude: NDArray[np.float32] | None = None
    latitude: NDArray[np.float32] | None = None
    seed: int = 0
    model: str = ""
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        n = len(self.catalogue)
        columns = (self.time_days, self.magnitude, self.longitude, self.latitude)
        if any(one is not None and len(one) != n for one in columns):
            raise DataError("columns of simulated catalogues differ in length")
        if n and not 0 <= int(self.catalogue[0]) <= int(self.catalogue[-1]) < self.n_catalogues:
            raise DataError(f"numbers of catalogues must lie in 0 to {self.n_catalogues - 1}")

    def __len__(self) -> int:
        """Return the number of events in all."""
        return len(self.catalogue)

    def counts(self) -> NDArray[np.int64]:
        """Return the number of events in each catalogue, shape ``(n_catalogues,)``."""
        return np.bincount(self.catalogue, minlength=self.n_catalogues)

    def take(self, chosen: NDArray[np.bool_]) -> "SimulatedCatalogues":
        """Return the events of a mask; the number of catalogues stays."""
        return replace(
            self,
            catalogue=self.catalogue[chosen],
            time_days=self.time_days[chosen],
            magnitude=self.magnitude[chosen],
            longitude=None if self.longitude is None else self.longitude[chosen],
            latitude=None if self.latitude is None else self.latitude[chosen],
        )
