"""The card of a trained CGM-GM."""

__all__ = ["card_text"]

_CARD = """# {name}

**Not for design use.** {origin}

**What it is.** {kind}: a dynamic variational autoencoder with a recurrent prior makes logarithmic
spectrograms of one component from {conditions};
Griffin and Lim's iterations make waveforms of them. Trained from scratch on {n_records} records of
component E, {epochs} epochs (5000 were published).{legacy}

**Beware.** One component: N is a second draw of the network of E, Z is zero. No coherence between
sites or components, no epistemic uncertainty; rows beyond the range of training are flagged, not
widened. The spread of its draws is usually too narrow.

**Repeat:** `mainshock shake train --arch cgm-gm --condition {condition}{flag}`, seed {seed}.
"""
_SYNTHETIC = "Trained on made-up (synthetic) records: its motions are those of no place on Earth."
_RECORDED = "Trained on recorded motions; not validated."
_LEGACY = (
    "\nAs released, with its defects: no window in the analysis and Hann's in the synthesis, "
    "so that amplitudes\ncome out 0.4 to 0.7 ln units too large; a standard deviation of 0.5 "
    "exp(log variance); scales fitted to\nall records; a random split."
)


def card_text(
    *,
    name: str,
    conditions: tuple[str, ...],
    condition: int,
    n_records: int,
    epochs: int,
    seed: int,
    is_synthetic: bool,
    is_legacy: bool,
) -> str:
    """Return the card of a model as Markdown."""
    return _CARD.format(
        name=name,
        origin=_SYNTHETIC if is_synthetic else _RECORDED,
        kind="CGM-baseline" if condition == 4 else "CGM-GM",
        conditions=", ".join(one.replace("_", " ") for one in conditions),
        condition=condition,
        n_records=n_records,
        epochs=epochs,
        seed=seed,
        legacy=_LEGACY if is_legacy else "",
        flag=" --legacy" if is_legacy else "",
    )
