"""One HTML page on the kinematic efficiency of a fault: picture, table, limits."""

import base64
from importlib.resources import files

import numpy as np
from jinja2 import Environment, StrictUndefined

from mainshock import __version__
from mainshock.offfault.base import COLUMNS, ROWS
from mainshock.offfault.profile import CAVEATS, EfficiencyProfile
from mainshock.offfault.profile_plots import profile_png

__all__ = ["profile_page"]


def profile_page(
    profile: EfficiencyProfile, *, title: str, model: str, png: bytes | None = None
) -> str:
    """Return a page that needs no other file.

    Parameters
    ----------
    profile
        What is told.
    title
        Name of the fault.
    model
        Name of what estimated it.
    png
        The picture, where it is drawn already.
    """
    picture = png or profile_png(profile, title=title, model=model)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "offfault" / "templates" / "profile.html.j2"
    found = profile.efficiency
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        title=title,
        model=model,
        version=__version__,
        picture=f"data:image/png;base64,{base64.b64encode(picture).decode()}",
        facts=[
            (
                "mean over windows, with the mean band",
                "{ke:.2f}, {lo90:.2f} to {hi90:.2f}".format(**profile.summary()),
            ),
            ("smallest and largest", f"{found.ke.min():.2f} to {found.ke.max():.2f}"),
            (
                "lowest and highest of the bands",
                f"{found.lo90.min():.2f} to {found.hi90.max():.2f}",
            ),
            ("mean strike", f"{profile.strike_deg:.0f}°"),
            ("windows", str(len(profile))),
            ("window", _window_size(profile)),
            ("traces", str(len(profile.fault_map.lines))),
            ("coordinates of the file", profile.fault_map.crs_note),
        ],
        has_place=profile.fault_map.frame is not None,
        rows=profile.rows(),
        warnings=profile.warnings,
        caveats=CAVEATS,
    )


def _window_size(profile: EfficiencyProfile) -> str:
    length_km, width_km = np.array([COLUMNS, ROWS]) * profile.pixel_m / 1000.0
    return f"{length_km:.3g} km along, {width_km:.3g} km across; pixels of {profile.pixel_m:.4g} m"
