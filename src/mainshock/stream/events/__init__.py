"""Events while picks arrive: associated, located and told in versions by the batch code."""

__all__: list[str] = []
