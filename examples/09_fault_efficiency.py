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
# # The efficiency of a fault
#
# How much of the motion across a fault zone slips on its faults? That share is called kinematic
# efficiency (KE); the rest deforms the ground between them. Here experiments are made up whose
# efficiency is known, a model estimates it from their fault maps alone, and then along a fault
# that steps. All of it is synthetic.

# %%
import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mainshock.offfault.comparison import compare
from mainshock.offfault.fault_map_files import read_fault_map
from mainshock.offfault.generator.parallel import generate
from mainshock.offfault.generator.settings import GeneratorSettings
from mainshock.offfault.profile import efficiency_profile
from mainshock.offfault.profile_plots import plot_profile
from mainshock.offfault.saliency import occlusion
from mainshock.offfault.saliency_plots import plot_saliency
from mainshock.offfault.stored import default_model

# %% [markdown]
# ## Three experiments
#
# An elastic sheet is sheared by its base; faults grow in it and link, and a camera looks on.

# %%
windows = generate(GeneratorSettings(), n_runs=3, seed=0)
print(f"{len(windows)} {windows.source} windows of {', '.join(np.unique(windows.run))}")

# %% [markdown]
# ## What their maps tell
#
# The packaged model learned from other made-up runs. It draws all lines anew at one thickness, and
# its interval holds nine of ten efficiencies of windows like those it was calibrated on.

# %%
model = default_model()
found = model.predict(windows.maps)
place = (windows.run == windows.run[0]) & (windows.first_column == 100)
rows = np.flatnonzero(place)
chosen = rows[np.linspace(0, len(rows) - 1, 5).round().astype(int)]

figure = Figure(figsize=(10.0, 6.0), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.0, 1.1])
for axes, i in zip(above.subplots(1, len(chosen), sharey=True), chosen, strict=True):
    axes.imshow(windows.maps[i], cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    axes.set_ylim(96, 32)
    axes.set_title(f"frame {windows.frame[i]}: KE {windows.ke[i]:.2f}", fontsize=10)
    axes.set_xlabel("along strike (px)")
axes = below.subplots()
frame = windows.frame[rows]
axes.fill_between(
    frame, found.lo90[rows], found.hi90[rows], color="#d9d5e8", label="estimate, nine in ten"
)
axes.plot(frame, found.ke[rows], color="#5b4a9c", label="estimate from the map")
axes.errorbar(
    frame, windows.ke[rows], windows.sd[rows], fmt="o", color="#222222",
    label="known KE ± its spread along the window",
)  # fmt: skip
axes.set(xlabel="frame", ylabel="kinematic efficiency", ylim=(0.0, 1.05))
axes.legend(loc="lower right", frameon=False)
figure.suptitle("One window of a made-up experiment as its faults link")
figure.savefig("windows.png", dpi=130)

# %% [markdown]
# ## Beside the baselines
#
# Each baseline is fitted to the other runs and scored on the one that was left out. With two runs
# to learn from they have less than the model had, so this shows how to ask; the
# [card](../docs/cards/efficiency.md) has the fair comparison.

# %%
compared = compare(windows, model)
for name, scores in {"default": compared.scores, **compared.baselines}.items():
    print(
        f"{name:12} within 2 SD {100 * scores.within_2sd:3.0f} %, error {scores.mae:.3f},",
        f"90 % intervals hold {100 * scores.coverage90:3.0f} % at a width of {scores.width90:.2f}",
    )

# %% [markdown]
# ## What in the map the estimate comes from
#
# Wipe out a patch, and see by how much the estimate falls.

# %%
explained = occlusion(model, windows.maps[chosen[2:3]])
plot_saliency(explained).savefig("occlusion.png")
print(f"an empty map would give {explained.empty_ke[0]:.2f}, this one gives {explained.ke[0]:.2f}")

# %% [markdown]
# ## A fault that steps
#
# In the west six strands that step to the right and do not meet, in the east one trace; 37 km in
# all. A file of your own traces takes its place.


# %%
def trace(x_km, y_km, kind="main"):
    """Return a trace of GeoJSON on the equator, where a degree is 111.3 km either way."""
    places = np.column_stack([np.asarray(x_km) / 111.3, np.asarray(y_km) / 111.3])
    geometry = {"type": "LineString", "coordinates": places.tolist()}
    return {"type": "Feature", "properties": {"kind": kind}, "geometry": geometry}


lines = [trace([x, x + 2.6], [-0.3, 0.3]) for x in np.arange(0.0, 18.0, 3.2)]
x_km = np.linspace(18.0, 37.0, 40)
lines.append(trace(x_km, 0.15 * np.sin(x_km / 2.0)))
lines.append(trace([27.0, 30.0, 33.0], [0.5, 0.7, 0.6], "secondary"))
Path("fault.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": lines}))

profile = efficiency_profile(read_fault_map(Path("fault.geojson")), model)
plot_profile(profile, title="A made-up fault", model="default").savefig("profile.png")
along, one = profile.distance_along_km, profile.efficiency
for side, part in (("stepping", along < 15.0), ("linked", along > 22.0)):
    print(
        f"{side}: KE {one.ke[part].mean():.2f},",
        f"mean band {one.lo90[part].mean():.2f} to {one.hi90[part].mean():.2f}",
    )

# %% [markdown]
# The band is wide where the map leaves much open. It is the efficiency of steady slip, as in an
# experiment; what one earthquake leaves off its fault is another quantity.
