"""What tests use of seismostats, whose own imports warn."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import seismostats.analysis as seismostats
    from seismostats.analysis.bvalue.utils import find_next_larger
    from seismostats.analysis.bvalue.weichert import estimate_b_weichert
    from seismostats.analysis.estimate_mc import ks_test_gr

__all__ = ["estimate_b_weichert", "find_next_larger", "ks_test_gr", "seismostats"]
