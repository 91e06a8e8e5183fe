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
# # How the ground shakes
#
# Medians with their spread, accelerograms and a map of a small earthquake, from the packaged model.
# It was trained on made-up records alone, of a region with hidden sites and paths: what it says is
# synthetic, of no real place, and **not for design use**.

# %%
import numpy as np
from matplotlib.figure import Figure

from mainshock.detect.registry import open_picker
from mainshock.pipeline.shaking import picks_in_generated
from mainshock.shaking.grid import box_sites
from mainshock.shaking.map_plot import plot_map
from mainshock.shaking.measures import MEASURES
from mainshock.shaking.record_measures import measure_waveforms
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.shaking_map import MapSettings, ShakingSource, map_shaking
from mainshock.shaking.training import open_model

model = open_model("default")

# %% [markdown]
# ## A source and three sites
#
# A row of scenarios is a source at a site; rows of one event share what is drawn once an event.

# %%
PLACES = {"NEAR": (-122.15, 37.77), "MID": (-122.28, 37.93), "FAR": (-121.95, 37.55)}


def scenarios_of(magnitude, places=PLACES):
    """Return an earthquake at 8 km depth, seen from each of some places."""
    n, (longitude, latitude) = len(places), np.array(list(places.values())).T
    return Scenarios(
        magnitude=np.full(n, float(magnitude)),
        depth_km=np.full(n, 8.0),
        source_longitude=np.full(n, -122.2),
        source_latitude=np.full(n, 37.8),
        site_longitude=longitude,
        site_latitude=latitude,
        vs30_m_s=np.full(n, np.nan),
        event=np.full(n, f"M{magnitude}"),
        station=np.array(list(places)),
    )


scenarios = scenarios_of(3.2)
motions = model.motions.predict(scenarios, ["ln_pga", "ln_fas_5hz"])
for name, mean, sd, epistemic in zip(
    PLACES, motions.mean, motions.sd, motions.sd_epistemic, strict=True
):
    print(
        f"{name:4} PGA {100 * np.exp(mean[0]):.2f} cm/s², two in three records within a factor of",
        f"{np.exp(sd[0]):.2f}; what is not known of sites and paths alone makes",
        f"{np.exp(epistemic[0]):.2f}",
    )

# %% [markdown]
# ## Accelerograms
#
# Two possible records of each site, components E, N, Z, with the arrivals that the model has.

# %%
made = model.waveforms.simulate(scenarios, 20, np.random.default_rng(4))
time_s = made.start_rel_origin_s + np.arange(made.acceleration.shape[-1]) / made.sampling_rate_hz
figure = Figure(figsize=(10.0, 6.0), layout="constrained")
panels = figure.subplots(len(PLACES), 2, sharex=True)
for row, name in enumerate(PLACES):
    for axes, records in zip(panels[row], made.acceleration[row], strict=False):
        scale = np.abs(records).max()
        for i, letter in enumerate("ENZ"):
            axes.plot(time_s, records[i] / scale - 1.6 * i, lw=0.5, color="#5b4a9c")
            axes.text(26.0, 0.3 - 1.6 * i, letter, fontsize=8)
        for arrival_s in made.arrivals_s[row]:
            axes.axvline(arrival_s, color="#888888", lw=0.8, ls=":")
        axes.set(xlim=(0.0, 27.0), yticks=[], title=f"{name}: peak {100 * scale:.2g} cm/s²")
for axes in panels[-1]:
    axes.set_xlabel("time after origin (s)")
figure.suptitle("Two possible records of three sites; SYNTHETIC, not for design use")
figure.savefig("accelerograms.png", dpi=130)

# %% [markdown]
# What is drawn has the spread that was stated: measure the twenty records of each site.

# %%
flat = made.acceleration.reshape(-1, *made.acceleration.shape[2:])
measured = measure_waveforms(flat, made.sampling_rate_hz)[:, MEASURES.index("ln_fas_5hz")]
for name, values, mean, sd in zip(
    PLACES, measured.reshape(len(PLACES), -1), motions.mean, motions.sd, strict=True
):
    print(
        f"{name:4} ln FAS 5 Hz: predicted {mean[1]:.2f} ± {sd[1]:.2f},",
        f"records {values.mean():.2f} ± {values.std(ddof=1):.2f}",
    )

# %% [markdown]
# ## A map of Fourier amplitudes
#
# The lines of equal shaking are no circles, for the model has learned sites and paths. What it does
# not know of them (right) is least near the stations of its training, and what lies outside the
# training data is hatched. A magnitude known to ± 0.2 only would matter more than all that.

# %%
source = ShakingSource("made-up", 3.2, -122.2, 37.8, 8.0)
uncertain = ShakingSource("made-up", 3.2, -122.2, 37.8, 8.0, magnitude_sd=0.2)
sites = box_sites((-122.6, -121.8, 37.4, 38.2), 61, 61)
only = MapSettings(measures=("ln_fas_5hz",))
field = map_shaking(model, source, sites, only)
plot_map(field).savefig("map.png", dpi=130)
print(*field.cautions())
for text, one in (
    ("known magnitude", field),
    ("magnitude ± 0.2", map_shaking(model, uncertain, sites, only)),
):
    low, high = one.sd_epistemic.min(), one.sd_epistemic.max()
    print(f"{text}: epistemic sd {low:.2f} to {high:.2f}, mean total sd {one.sd.mean():.2f}")

# %% [markdown]
# ## Asked for what it has not seen
#
# The largest earthquake of the training set has magnitude 3.9. Beyond it rows are flagged, and the
# more one asks for, the less the model says: of a magnitude 6 it knows next to nothing.

# %%
for magnitude in (2.0, 3.0, 4.0, 5.0, 6.0):
    one = model.motions.predict(scenarios_of(magnitude), ["ln_pga"])
    print(
        f"M {magnitude:.0f}: sd {one.sd[0, 0]:.2f}",
        "extrapolation" if one.is_extrapolated[0] else "",
    )

# %% [markdown]
# ## Does a picker take them for earthquakes?
#
# The packaged picker learned from real records. It reads the generated ones.

# %%
few = model.waveforms.simulate(scenarios, 4, np.random.default_rng(5))
found = picks_in_generated(few, scenarios, open_picker("default"))
for phase, rate, errors in (
    ("P", found.p_rate, found.p_error_s),
    ("S", found.s_rate, found.s_error_s),
):
    print(
        f"{phase} picked in {100 * rate:.0f} % of {errors.size} records,",
        f"{np.nanmedian(np.abs(errors)):.2f} s off in the median",
    )

# %% [markdown]
# It finds both phases where the model puts them. That is no proof of realism: the generator's
# records have no surface waves, no directivity and components that do not belong together.
