"""Off-fault deformation: the kinematic efficiency of faults from maps of their traces.

Kinematic efficiency (KE) is slip on faults over applied displacement, one minus the share of
deformation off the faults.
"""

__all__: list[str] = []
