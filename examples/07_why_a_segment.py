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
# # Why a segment
#
# What does a classifier of trench segments go by? Here that is known, because the segments are
# synthetic: one feature decides, two follow it, the others are smooth along the trench and mean
# nothing. An explanation that deserves trust must find the first and warn of the others. The
# network needs the extra `train`.

# %%
import numpy as np
import pandas as pd

from mainshock.megathrust.attributions import AttributionSettings
from mainshock.megathrust.explain import ExplanationSettings, explain_folds
from mainshock.megathrust.explain_plots import plot_heat_map, plot_ranking
from mainshock.megathrust.splits import ExclusionDistance
from mainshock.megathrust.synthetic_features import synthetic_features

# %% [markdown]
# ## Synthetic segments
#
# Six trenches of 60 segments, 50 km each. `AGE` decides the class; `V_TN` and `EGO_UP_AVE` rise and
# fall with it.

# %%
rng = np.random.default_rng(7)
index = np.tile(np.arange(60), 6)
table = pd.DataFrame(
    {
        "region": np.repeat([f"synthetic-{number}" for number in range(6)], 60),
        "index": index,
        "s_km": 50.0 * index + 25.0,
    }
)
names = ["SED_AVE", "CRD_UP_AVE", "INV_UP_AVE", "FRE_UP_AVE", "SRO_DG_AVE", "DXT_200"]
means_nothing = synthetic_features(table, len(names), rng).set_axis(names, axis=1)
decides = synthetic_features(table, 1, rng, correlation_km=150.0).iloc[:, 0]
y = (decides > decides.median()).to_numpy().astype(np.int64)
table = table.join(means_nothing).assign(
    AGE=decides,
    V_TN=-decides + 0.3 * rng.normal(size=len(table)),
    EGO_UP_AVE=decides + 0.6 * rng.normal(size=len(table)),
)

# %% [markdown]
# ## A network, explained by relevance
#
# Each fold leaves out a fifth of every trench and 100 km beside it. Every ranking has its
# stability: how well it agrees with those of other folds and other first weights.

# %%
folds = list(ExclusionDistance(100.0).split(table))
settings = ExplanationSettings(AttributionSettings("lrp", rule="epsilon"), n_seeds=2)
found = explain_folds(table, y, "network", folds, settings)
for ranking in found.rankings[:3]:
    print(f"{ranking.level}: {ranking.folds}")
    for line in ranking.records()[:4]:
        print(
            f"  {line['rank']} {line['name']} {line['importance']:.2f},",
            f"synthetic features as much in {100 * line['synthetic_share']:.0f} %",
        )

# %% [markdown]
# The relevance of all features and what biases took add up to the output:

# %%
error, size = found.sum_error
print(f"outputs of {size:.1f} on average, missed by {error:.0e} at most")

# %% [markdown]
# ## Features that no ranking can tell apart
#
# The third ranking joins features that rise and fall together. Which of them comes first in the
# first ranking is chance, and not knowledge of the Earth.

# %%
first = found.rankings[2]
print("first set:", ", ".join(first.members[0]))

# %% [markdown]
# ## The figures

# %%
plot_heat_map(found.heat_map, [str(one.folds) for one in found.rankings[3:]]).savefig(
    "heat-map.png"
)
plot_ranking(found.rankings[0]).savefig("ranking.png")

# %% [markdown]
# ## Any classifier: shuffled groups
#
# Without a network or torch, groups of features are shuffled among the segments of the test, and
# the loss of probability is what they were worth.

# %%
shuffled = ExplanationSettings(AttributionSettings("permutation"), n_seeds=1)
found = explain_folds(table, y, "boosting", folds, shuffled)
for line in found.rankings[0].records()[:3]:
    print(f"{line['name']}: {line['importance']:.3f} of probability lost")
