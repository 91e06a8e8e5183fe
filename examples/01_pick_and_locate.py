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
# # Pick and locate
#
# Four stations near Unterhaching, Bavaria, recorded small earthquakes on 2010-05-27. The records
# travel inside the ObsPy package, so this notebook needs no network. It goes from records to picks,
# from picks to events, and from an event to its posterior, and looks at each result on the way.

# %%
import numpy as np

from mainshock.detect.registry import open_picker
from mainshock.events.registry import ASSOCIATORS
from mainshock.locate.registry import LOCATION_METHODS, open_velocity_model
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.pipeline.picking import one_pick_per_arrival, pick_waveforms
from mainshock.sources import bundled
from mainshock.sources.registry import open_source

# %% [markdown]
# ## Records
#
# A source yields one three-component waveform after the other. A component that was not recorded is
# zero, and `has_component` says so: here only UH3 has three.

# %%
source = open_source(bundled.record_paths("uh"))
waveforms = list(source)
for waveform in waveforms:
    recorded = "".join(
        letter for letter, there in zip("ZNE", waveform.has_component, strict=True) if there
    )
    print(waveform.trace_id, recorded, f"{waveform.sampling_rate_hz:g} Hz", waveform.start)

# %% [markdown]
# ## Picks
#
# A pick carries the probability that the phase arrives there, and the standard deviation of its
# time. UH1 has two instruments that see the same arrivals; the better view of each is kept.

# %%
picker = open_picker("default")
all_picks = [pick for picked in pick_waveforms(waveforms, picker) for pick in picked.picks]
picks, doubles = one_pick_per_arrival(all_picks)
print(len(picks), "picks;", len(doubles), "were seen better by another instrument")
for pick in picks[:8]:
    print(
        pick.station_code,
        pick.phase,
        f"{pick.time:%H:%M:%S.%f} ± {pick.sigma_s:.2f} s, probability {pick.probability:.2f}",
    )

# %% [markdown]
# ## Events
#
# The velocity model is an assumption, and so is its error: 5 % of the travel time here. Both are
# stated, and the regions below hold only under them. Picks that fit no event are kept apart with
# the reason; nothing is dropped silently.

# %%
travel_times = open_velocity_model("constant:4.35,2.38")
method = LOCATION_METHODS.load("grid")(travel_times=travel_times, model_error=0.05)
builder = EventBuilder(method, bundled.stations("uh"))
located = locate_picks(
    picks, builder, ASSOCIATORS.load("grid")(), travel_times, np.random.default_rng(1)
)
for event in located.events:
    origin = event.origin
    print(
        f"{origin.time:%H:%M:%S.%f} ± {origin.time_sd_s:.2f} s,",
        f"{origin.longitude:.3f} {origin.latitude:.3f},",
        f"depth {origin.depth_km:.1f} ± {origin.depth_sd_km:.1f} km,",
        f"{len(event.arrivals)} arrivals, quality {event.quality}",
    )
print(len(located.not_used), "things were not used, such as", located.not_used[:1])

# %% [markdown]
# ## Posterior
#
# The point is a summary; the posterior is the result. Draws from it answer any question, such as
# how probable it is that the event was deeper than 5 km.

# %%
clearest = max(located.events, key=lambda event: len(event.arrivals))
region = clearest.origin.region(0.95)
print(f"the 95 % region of the epicentre of {clearest.event_id} covers {region.area_km2:.1f} km²")
samples = clearest.origin.samples
if samples is not None:
    print(f"probability of a depth above 5 km: {np.mean(samples.depth_km > 5.0):.2f}")
