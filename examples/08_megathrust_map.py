# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A map of trench segments
#
# Which segments of the Pacific's trenches resemble those that broke with M 8.0 or more? Each is
# assessed by a classifier that was taught neither its rupture nor anything within 100 km of it.
# This is potential classification from about 33 independent great ruptures; not a forecast.

# %%
from pathlib import Path

from mainshock.megathrust import segments
from mainshock.megathrust.assessment import HELD_OUT, assessments_of, caveats, nearest_segment
from mainshock.megathrust.held_out import assess_held_out
from mainshock.megathrust.plots import plot_zone
from mainshock.megathrust.shapes import great_ruptures, write_geojson

known = segments.read_segments(Path(segments.__file__).parent / "data" / "segments")
table = known[known["region"].isin(["sam", "cam", "izu"])].reset_index(drop=True)
print(f"{len(known)} segments of {known['region'].nunique()} zones; {len(table)} are used here")

# %% [markdown]
# A small classifier and three zones, so that this takes seconds; `mainshock megathrust map
# --held-out` does the same with a model of your choice for all zones, and writes a report with the
# scores.

# %%
assessed = assessments_of(assess_held_out(table, "logistic", seed=0))
chile = [one for one in assessed if one.region == "sam"]
unsure = sum(len(one.conformal_set) > 1 for one in chile)
print(f"South America: {len(chile)} segments, {len(great_ruptures(chile))} great ruptures;")
print(f"of {unsure} segments neither class can be ruled out")

# %% [markdown]
# Towards the sea what is predicted, towards land what was observed, great ruptures in orange.

# %%
plot_zone(chile).figure.savefig("south_america.png")
write_geojson(Path("segments.geojson"), assessed, (*caveats(), HELD_OUT))

# %% [markdown]
# The segment nearest to a place, as the live path tells it of an event:

# %%
found = nearest_segment(assessed, longitude=-71.0, latitude=-20.0)
if found is not None:
    print(f"{found.segment.name}, {found.distance_km:.0f} km away:")
    print(f"probability {found.segment.probability:.2f}, set {found.segment.conformal_set}")
for line in caveats():
    print("-", line)
