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
# # Why a pick
#
# A network states a probability, and no reason. Integrated gradients (Sundararajan et al. 2017)
# give one: they share the difference between what the network says of a record and what it says of
# silence among all samples of the record, so that the shares add up to the difference. This needs
# the extra `train`, since gradients need torch; the record travels inside the ObsPy package.

# %%
from mainshock.detect.explain import attribution_summary, explain_pick
from mainshock.detect.explain_plot import plot_explanation
from mainshock.detect.registry import open_picker
from mainshock.sources.bundled import BundledSource

# %% [markdown]
# ## A record and its picks
#
# Station UH3 near Unterhaching, Bavaria, has three components and recorded several small
# earthquakes within four minutes.

# %%
picker = open_picker("default")
waveform = next(one for one in BundledSource("uh") if all(one.has_component))
picks = picker.classify(waveform)
for number, pick in enumerate(picks):
    print(number, pick.phase, f"{pick.time:%H:%M:%S.%f}", f"probability {pick.probability:.2f}")

# %% [markdown]
# ## What speaks for the clearest P
#
# Look at `completeness_error` first: the attributions must add up to the difference between the
# network's output for the record and for silence. If they do not, take more steps.

# %%
clearest = max((pick for pick in picks if pick.phase == "P"), key=lambda pick: pick.probability)
explanation = explain_pick(picker, waveform, clearest, n_steps=200)
print(f"output {explanation.probability:.3f}, for silence {explanation.baseline_probability:.3f}")
print(
    f"sum of attributions {explanation.attribution.sum():.3f},",
    f"error {explanation.completeness_error:.4f}",
)

# %% [markdown]
# ## Which component, and when
#
# `share` is the part of the absolute attribution, `net` what remains after what speaks for the pick
# and what speaks against it are added up.

# %%
summary = attribution_summary(explanation)
for name, line in summary["components"].items():
    print(f"{name}: share {line['share']:.2f}, net {line['net']:+.2f}")
for line in summary["times"]:
    since = "start" if line["from_s"] is None else f"{line['from_s']:+.1f} s"
    until = "end" if line["to_s"] is None else f"{line['to_s']:+.1f} s"
    print(f"{since} to {until}: share {line['share']:.2f}, net {line['net']:+.2f}")

# %% [markdown]
# ## The figure
#
# Under each trace stands its attribution: above the line for the pick, below it against it.

# %%
plot_explanation(explanation).savefig("why-a-pick.png", dpi=100)

# %% [markdown]
# ## The test of an explanation
#
# If these samples are what the network used, then it must lose its pick without them. Silence the
# one per cent with the highest attribution, and look again.

# %%
first, past_last = explanation.target
row = ("P", "S").index(clearest.phase)
silenced = explanation.window.copy()
silenced.flat[explanation.attribution.argsort(axis=None)[-explanation.window.size // 100 :]] = 0.0
output = picker.window_curves(silenced[None])[0, row, first:past_last].mean()
print(f"output with one per cent of the samples silenced: {output:.3f}")
