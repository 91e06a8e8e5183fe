"""The bound that split conformal intervals rest on.

References
----------
Lei et al. (2018), https://doi.org/10.1080/01621459.2017.1307116
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "residual_quantile"]

LEVEL = 0.9
"""Share of labels that the intervals hold."""


def residual_quantile(sizes: NDArray[np.float64], level: float = LEVEL) -> float:
    """Return the bound that a new residual keeps with probability ``level`` or more.

    Parameters
    ----------
    sizes
        Absolute residuals of windows that were not fitted to, shape ``(n,)``, one or more. With too
        few for the level the bound is the largest of them.
    level
        0 to 1.

    Examples
    --------
    >>> residual_quantile(np.arange(1.0, 20.0))
    18.0
    """
    rank = int(np.ceil((sizes.size + 1) * level))
    return float(np.sort(sizes)[min(rank, sizes.size) - 1])
