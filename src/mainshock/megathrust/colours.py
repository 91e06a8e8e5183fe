"""Colours that maps of segments share; safe for colour-blind readers, and no colours of alarm."""

__all__ = ["COAST", "INK", "LAND", "OBSERVED", "PROBABILITY", "RUPTURE", "SEA", "opacity"]

PROBABILITY = ("#e9dff3", "#9a6fc9", "#3f0a6b")  # of M 8.0: at 0, 0.5 and 1
OBSERVED = {"great": PROBABILITY[2], "smaller": PROBABILITY[0], "none": "#ffffff"}
RUPTURE = "#d95f02"
LAND, SEA, COAST, INK = "#f4f1ea", "#dce8ef", "#8b979e", "#222222"


def opacity(applicability: float) -> float:
    """Return how strongly a segment is drawn: one unlike the training data is hardly seen.

    Examples
    --------
    >>> opacity(0.0), opacity(1.0)
    (0.2, 1.0)
    """
    return 0.2 + 0.8 * applicability
