"""Where each column is from and how it was made."""

from collections.abc import Mapping

from mainshock.megathrust.build.inputs import Source

__all__ = ["column_provenance"]

# longest prefix first: input or none, and what was done with it
_METHODS: dict[str, tuple[tuple[str, ...], str]] = {
    "AGE": (("age",), "Myr; mean 40-80 km seaward of the trench, or 0-160 km where that is empty"),
    "HEAT_FLOW": (("age",), "mW/m2; from AGE by GDH1 (Stein and Stein, 1992)"),
    "SED_AVE": (("lithosphere",), "m; mean sediment 50-150 km seaward; 1 degree nodes"),
    "SED_STD": (("lithosphere",), "m; population deviation 50-150 km seaward; 1 degree nodes"),
    "SED_GRD": (("lithosphere",), "m/m; abs along-trench gradient of SED_AVE"),
    "LITHOSPHERE": (("lithosphere",), "km; lithosphere below the crust's top, mean of the cell"),
    "CRUST": (("lithosphere",), "km; crustal thickness, mean of the cell"),
    "CONVERGENCE": (("poles", "outlines"), "mm/yr; speed of the lower towards the upper plate"),
    "OBLIQUITY": (("poles", "outlines"), "degrees; convergence against the trench's normal"),
    "V_UP_NNR": (
        ("poles", "outlines"),
        "mm/yr; upper plate seaward along the normal, no net rotation",
    ),
    "V_DG_NNR": (
        ("poles", "outlines"),
        "mm/yr; lower plate landward along the normal, no net rotation",
    ),
    "AZIMUTH": (("outlines",), "degrees; direction of increasing number, kinks smoothed by 200 km"),
    "EGO_L": (("geoid",), "m; geoid of degrees above those of masses in 100 km depth"),
    "EGO_SL": (("geoid",), "m; geoid of degrees of masses in 100-410 km depth (17 to 65)"),
    "EGO_UM": (("geoid",), "m; geoid of degrees of masses in 410-660 km depth (11 to 17)"),
    "EGO": (("geoid",), "m; geoid height"),
    "FRE": (
        ("geoid",),
        "mGal; free air from the geoid by degree, gamma (n - 1) / R; wavelengths above 110 km",
    ),
    "DXT": (
        ("events",),
        "km; deepest event landward within 100 km along the trench, smoothed: approximate",
    ),
    "FDM": (("events",), "km/km; abs first along-trench derivative of DXT"),
    "SDM": (("events",), "1/km; abs second along-trench derivative of DXT"),
    "DIP": (("events",), "degrees; parabola through shallow thrusts: approximate"),
    "CR": (("events",), "1/m; parabola through shallow thrusts: approximate"),
    "m_max": (
        ("events",),
        "Mw; shallow thrusts over their length, and the table of great ruptures; 1.0: none",
    ),
}
_SLAB_COLUMNS = ("DXT", "FDM", "SDM", "DIP", "CR")


def _entry(source: str, licence: str, doi: str, method: str) -> dict[str, str]:
    return {"source": source, "licence": licence, "doi": doi, "method": method}


def column_provenance(
    name: str, sources: Mapping[str, Source], grids: Mapping[str, list[str]], slab: str
) -> dict[str, str]:
    """Return source, licence, DOI and method of a column.

    Parameters
    ----------
    grids
        File names of users' grids by their name.
    slab
        Name of the grid that is the slab's depth.
    """
    if slab in grids and name.startswith(_SLAB_COLUMNS):
        return _entry(", ".join(grids[slab]), "as the user's grid", "", "slab depth of a grid")
    own = next((grid for grid in grids if name.startswith((f"{grid}_UP", f"{grid}_DG"))), None)
    if own is not None:
        return _entry(", ".join(grids[own]), "as the user's grid", "", "all nodes of the cell")
    prefix = max((key for key in _METHODS if name.startswith(key)), key=len)
    inputs, method = _METHODS[prefix]
    used = [sources[one] for one in inputs]
    return _entry(
        "; ".join(one.name for one in used),
        "; ".join(dict.fromkeys(one.licence for one in used)),
        "; ".join(dict.fromkeys(one.doi for one in used)),
        method,
    )
