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
# # One station
#
# One three-component station and a catalogue of past earthquakes are enough to locate new ones, if
# the answer may be two places. **Everything here is SYNTHETIC**, so that the truth is known: picks
# are simulated for earthquakes of two clusters, equally far from the station in different
# directions.

# %%
from dataclasses import replace
from datetime import timedelta

import numpy as np
from cartopy.crs import PlateCarree
from matplotlib.patches import Circle

from mainshock.core.geo import LocalFrame, geodesic_distance_km
from mainshock.core.records import Event, Station
from mainshock.core.times import to_posix_s
from mainshock.locate.calibrate import KnownEvent, learn_terms
from mainshock.locate.calibration_run import score_origin
from mainshock.locate.catalogue_prior import prior_from_catalogue
from mainshock.locate.event_figure import plot_event
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.locate.registry import LOCATION_METHODS, open_velocity_model
from mainshock.locate.simulate import PickErrors, Simulation
from mainshock.locate.simulation_sources import BoxSources, MixtureSources

station = Station("XX", "ONE", 13.0, 46.0, 650.0)

# %% [markdown]
# ## What nature knows
#
# The eastern cluster is twice as active as the northern one; one event in fifty happens anywhere.
# The crust is slower than the model that we shall use, S is late under the station, and its sensor
# is turned by 12 degrees. The locator is told none of this.

# %%
frame = LocalFrame(station.longitude, station.latitude)
clusters = GaussianMixturePrior(
    frame,
    weights=np.array([2.0, 1.0]),
    means_km=np.array([[28.0, 9.0, 9.0], [-6.0, 29.0, 12.0]]),
    covariances_km2=np.array([np.diag([9.0, 16.0, 4.0]), np.diag([16.0, 6.0, 4.0])]),
    background=0.02,
)
box = BoxSources(frame, (-50.0, -50.0, 0.0), (50.0, 50.0, 25.0))
nature = Simulation(
    [station],
    open_velocity_model("constant:5.5,3.15"),
    MixtureSources(clusters, box),
    PickErrors(
        (0.05, 0.1), model_error=0.01, back_azimuth_sigma_deg=15.0, azimuth_outlier_share=0.05
    ),
)


def as_recorded(picks):
    """Return picks as this station would give them: S late, directions turned."""
    late = timedelta(seconds=0.2)
    return tuple(
        replace(pick, time=pick.time + late)
        if pick.phase == "S"
        else replace(pick, back_azimuth_deg=(pick.back_azimuth_deg + 12.0) % 360.0)
        for pick in picks
    )


rng = np.random.default_rng(1)
past, new = (
    [replace(event, picks=as_recorded(event.picks)) for event in nature.events(n, rng)]
    for n in (200, 60)
)
print(len(past), "past events with a catalogue,", len(new), "new ones; all SYNTHETIC")

# %% [markdown]
# ## What the past teaches about the station
#
# Where past events were is known from a catalogue, made by a network that no longer stands, say.
# Their picks beside their places give the station's terms: how much slower S minus P is than the
# model says, how wide picks scatter, how far directions are turned.

# %%
model = open_velocity_model("iasp91")
known = [
    KnownEvent(event.picks, to_posix_s(event.time), event.longitude, event.latitude, event.depth_km)
    for event in past
]
terms = learn_terms(known, [station], model)
learnt = terms.of(station)
for phase, term in learnt.times.items():
    print(
        f"{phase}: travel time x {term.scale:.3f} {term.shift_s:+.2f} s, then",
        f"± {term.sigma_s:.2f} s besides the pick's own error; from {term.n} events",
    )
print(
    f"azimuth: turned by {learnt.azimuth.bias_deg:.0f}°, stated deviations x",
    f"{learnt.azimuth.sigma_factor:.2f}, {learnt.azimuth.inlier_share:.0%} tell anything",
)

# %% [markdown]
# ## Where earthquakes are expected
#
# The same catalogue says where earthquakes happen. The density is a sum of kernels of several
# widths and of Gaussian clusters, each with the share under which every event is best foretold by
# others, over a background that is the same everywhere.

# %%
prior = prior_from_catalogue(
    *(
        np.array([getattr(event, name) for event in past])
        for name in ("longitude", "latitude", "depth_km")
    )
)
method = LOCATION_METHODS.load("grid")(travel_times=model, terms=terms, prior=prior)

# %% [markdown]
# ## One new event, three times
#
# We take the first new event of the *smaller* cluster, the harder case. S minus P gives the
# distance, which fits both clusters, so there are two places, and the prior favours the larger
# cluster: the wrong one here. That is no mistake. Of events with such picks, about two of three do
# come from there. The mistake would be to report one point and a small ellipse.
#
# P alone, with the direction of its motion, tells the clusters apart; the distance is then the
# prior's (flag `distance_from_prior`). All three together are best.


# %%
def away_km(origin, truth):
    path = (origin.longitude, origin.latitude, truth.longitude, truth.latitude)
    return float(geodesic_distance_km(*path))


def in_smaller_cluster(event):
    east, north = frame.to_local(event.longitude, event.latitude)
    return bool(np.hypot(east + 6.0, north - 29.0) < 10.0)


chosen = next(event for event in new if in_smaller_cluster(event))
p_pick, s_pick = sorted(chosen.picks, key=lambda pick: pick.phase)
blind = replace(p_pick, back_azimuth_deg=None, back_azimuth_sigma_deg=None)
located = {}
for name, picks in {
    "P and S": [blind, s_pick],
    "P and its back azimuth": [p_pick],
    "P, S and back azimuth": [p_pick, s_pick],
}.items():
    origin, arrivals = method.locate(picks, [station], np.random.default_rng(2))
    located[name] = Event("SYNTHETIC", origin, tuple(arrivals))
    print(f"{name}: reported {away_km(origin, chosen):.0f} km off;", *origin.flags)
    for mode in origin.modes:
        print(
            f"   {mode.share:.0%} around {mode.longitude:.2f} E {mode.latitude:.2f} N,",
            f"{mode.depth_km:.0f} ± {mode.depth_sd_km:.0f} km deep",
        )

# %% [markdown]
# ## The figure
#
# Each small point is a draw from the posterior: the crowd of them is the answer, on the map, in
# both sections and in time. The star stands in the more probable place, since the mean of both
# lies where the event hardly can be (flag `mode_reported`). Here the star is wrong, and the 95 %
# region is right. To what `plot_event` draws we add the past events (grey), the circle of all
# places as far from the station as the star, and the truth, which only a simulation knows.


# %%
def on_map(ground, events):
    """Return the places of events in the map's metres, shape (n, 3)."""
    degrees = np.array([(event.longitude, event.latitude) for event in events])
    return ground.projection.transform_points(PlateCarree(), degrees[:, 0], degrees[:, 1])


event = located["P and S"]
title = "SYNTHETIC: one station, P and S; grey: past events, from which the prior was learnt"
figure = plot_event(event, [station], title=title)
ground = next(axes for axes in figure.axes if hasattr(axes, "projection"))
ground.scatter(*on_map(ground, past).T[:2], s=6.0, color="0.35", linewidths=0.0, zorder=2.5)
(centre,), (truth,) = on_map(ground, [station]), on_map(ground, [chosen])
radius_m = 1000.0 * event.arrivals[0].distance_km
ground.add_patch(Circle(centre[:2], radius_m, fill=False, color="0.35", linestyle=(0, (1, 3))))
ground.plot(*truth[:2], "X", color="#c2410c", markeredgecolor="white", markersize=12.0)
ground.annotate(
    "true epicentre",
    truth[:2],
    xytext=(30.0, 32.0),
    textcoords="offset points",
    arrowprops={"arrowstyle": "-", "color": "#c2410c"},
    color="#c2410c",
)
figure.savefig("one-station.png", dpi=100)

# %% [markdown]
# ## Is it honest?
#
# One event proves nothing. Of the new events together, the 68 % regions must hold two of three and
# the 95 % regions nearly all. Here they are located with all that their picks say.

# %%
scores = []
for event in new:
    origin, arrivals = method.locate(event.picks, [station], rng)
    scores.append(score_origin(event, origin, arrivals, rng))
errors = [row["epicentral_error_km"] for row in scores]
print(f"median error {np.median(errors):.1f} km, 95 % below {np.percentile(errors, 95):.1f} km")
for level in (0.68, 0.95):
    held = [row[f"inside_{level:g}"] for row in scores]
    print(f"the {level:.0%} region holds {np.mean(held):.0%} of {len(held)} events")
