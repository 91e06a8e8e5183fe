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
# # The live path, stage by stage
#
# The monitor runs stages that are plain functions of state and message. Here they run by hand over
# the real records inside the ObsPy package: four stations near Unterhaching, four minutes of 2010.

# %%
import threading
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from mainshock.detect.registry import open_picker
from mainshock.events.association import GridAssociator
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.registry import open_velocity_model
from mainshock.pipeline.locating import EventBuilder
from mainshock.sources.live import SourceSettings, open_packet_source
from mainshock.stream.events.settling import SettlingStage
from mainshock.stream.events.stage import EventStage
from mainshock.stream.ingest import Ingest, IngestSettings
from mainshock.stream.messages import read_event_message, read_pick_message
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.records import LivePick

source = open_packet_source("demo", SourceSettings(speed=0.0))
stations = source.stations()

# %% [markdown]
# Ingest judges packets and passes good records on, as messages.

# %%
ingest = Ingest(IngestSettings(clock="stream"), known=[one.code for one in stations])
records = ingest.take(list(source.packets(threading.Event()))) + ingest.close()
print(len(records), "records;", ingest.counts)

# %% [markdown]
# Picking: each pick appears early, as *preliminary*, and is settled or taken back when enough has
# been recorded after it.

# %%
picking = PickingStage(open_picker("default"))
state, told = picking.start(), []
for record in records:
    state, made = picking.step(state, [record])
    told += made
state, made = picking.finish(state)
told += made
versions = [one for one in map(read_pick_message, told) if isinstance(one, LivePick)]
latest = {one.pick_id: one for one in versions}
settled = [one for one in latest.values() if one.kind != "cancel"]
early = {one.pick_id: one for one in versions if one.status == "preliminary" and one.version == 1}
print(f"{len(early)} early picks, {len(settled)} settled")

# %% [markdown]
# Events: versions with a reason each. One stage looks at the newest picks at once, another settles
# what a batch run would say; the last version is the settled one.

# %%
travel_times = open_velocity_model("constant:4.35,2.38")
builder = EventBuilder(GridLocation(travel_times=travel_times, model_error=0.05), stations)
associator = GridAssociator()
settling = SettlingStage(builder, associator, travel_times)
early_look = EventStage(builder, replace(associator, n_horizontal=12), travel_times)
state, early_state, found = settling.start(), early_look.start(), []
for first in range(0, len(told), 5):
    picks = told[first : first + 5]
    state, made = settling.step(state, picks)
    early_state, made = early_look.step(early_state, [*picks, *made])
    found += made
state, made = settling.finish(state)
early_state, made = early_look.step(early_state, made)
for version in map(read_event_message, [*found, *made]):
    origin = version.event.origin
    print(
        version.event_id, version.version, version.kind, version.status,
        f"{origin.longitude:.3f} ± {origin.east_sd_km:.1f} km E,",
        f"{origin.latitude:.3f} ± {origin.north_sd_km:.1f} km N", version.reason,
    )  # fmt: skip

# %% [markdown]
# How long after the ground moved was each pick known? The records of this example hold several
# seconds each, and a pick cannot be known before its record has come.

# %%
delay_s = np.array(
    [
        (early[one.pick_id].issued - one.pick.time).total_seconds()
        for one in settled
        if one.pick_id in early
    ]
)
settling_s = np.array([(one.issued - one.pick.time).total_seconds() for one in settled])
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.ecdf(delay_s, label="first told")
axes.ecdf(settling_s, label="settled", linestyle="--")
axes.set(xlabel="seconds after the arrival, by the clock of the stream", ylabel="share of picks")
axes.set_xlim(left=0.0)
axes.legend()
assert np.median(delay_s) < np.median(settling_s)
