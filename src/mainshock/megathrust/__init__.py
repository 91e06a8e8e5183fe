"""Classifies segments of subduction zones by the largest earthquake they may host.

This is potential classification from few great ruptures, not a forecast. Tables are read by
``segments``, classes cut by ``labels``, folds made by ``splits``, models named in ``registry``,
scores beside their baselines given by ``evaluate``.
"""

__all__: list[str] = []
