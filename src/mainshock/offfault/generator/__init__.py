"""Makes fault maps whose kinematic efficiency is known: a weak-fault sheet over a moving base.

All that comes from here is synthetic.
"""

__all__: list[str] = []
