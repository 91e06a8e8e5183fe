"""Texts of the cards of converted pickers."""

from collections.abc import Mapping

__all__ = ["eqtransformer_card", "hub_card", "phasenet_card"]

_SHARED_BEWARE = """\
* The outputs are not probabilities until they are calibrated on records like yours: a pick at 0.6
  is not right six times in ten.
* A missing component must be zero. Never clone the vertical into the horizontals: on
  vertical-only stations the F1 of P of the original EQTransformer was 0.95 with zeros and 0.07
  with clones.
* Each component is scaled by its standard deviation over the window, so an event much smaller
  than another one in the same window is usually missed.
"""


def eqtransformer_card(name: str, title: str, file_name: str, requirement: str) -> str:
    """Return the card of one of the two EQTransformers."""
    return f"""\
# {name}

EQTransformer, {title}. The weights are those of its authors (MIT), converted; they were neither
trained nor changed here.

## Purpose
Detect local earthquakes and pick P and S in records of 100 Hz, three components, at distances
like those of STEAD: up to about 300 km, mostly below 100 km.

## Data
STEAD, the STanford EArthquake Dataset: about one million records of local earthquakes and
100,000 of noise, worldwide, band-passed from 1 to 45 Hz, 60 s long (CC BY 4.0). Any record of
STEAD may have been in the training set; do not judge the network on STEAD.

## Preprocessing
Resampled to 100 Hz; windows of 6000 samples; each component to zero mean and unit standard
deviation over the window. The authors band-pass from 1 to 45 Hz first; here records are not
filtered.

## Scores
**Published by the authors on the STEAD test set, not measured here** (Mousavi et al. 2020):

| | precision | recall | F1 | mean abs. error | standard deviation |
|---|---|---|---|---|---|
| detection | 1.00 | 1.00 | 1.00 | | |
| P | 0.99 | 0.99 | 0.99 | 0.01 s | 0.03 s |
| S | 0.99 | 0.96 | 0.98 | 0.01 s | 0.11 s |

Measure it on your own labels: `mainshock detect evaluate {name} DATA --windows WINDOWS.csv`.

## Calibration
None by the authors. The thresholds in the manifest had the best F1 on 154 records of northern
California with manual picks; choose your own where you have labels.

## Beware
* Outside STEAD the recall falls by 13 to 56 percentage points, depending on the region (Jiang et
  al. 2021); published scores say little about your network.
* Do not scale windows by their maximum: F1 of P then fell to 0.42 on the records named above.
* Records shorter than 60 s are padded with zeros; the network saw few such windows.
{_SHARED_BEWARE}
## Repeat
`mainshock models add eqtransformer` takes {file_name} out of the wheel of {requirement}, checks
its SHA-256 and converts it. Training cannot be repeated here.

## Cite
Mousavi, Ellsworth, Zhu, Chuang and Beroza (2020), Earthquake transformer,
https://doi.org/10.1038/s41467-020-17591-w; STEAD: Mousavi, Sheng, Zhu and Beroza (2019),
https://doi.org/10.1109/ACCESS.2019.2947848; SeisBench, whose network takes the weights: Woollam
et al. (2022), https://doi.org/10.1785/0220210324.
"""


def phasenet_card(name: str, source: str) -> str:
    """Return the card of PhaseNet with its authors' weights."""
    return f"""\
# {name}

PhaseNet with its authors' weights of 2019 (MIT), converted; they were neither trained nor changed
here.

## Purpose
Pick P and S of local earthquakes in records of 100 Hz; trained on northern California.

## Data
About 780,000 records of the Northern California Earthquake Data Center, with manual
picks. Any such record may have been in the training set: scores on NCEDC records are optimistic.

## Preprocessing
Resampled to 100 Hz; windows of 3001 samples; each component to zero mean and unit standard
deviation over the window.

## Scores
**Published by the authors on their NCEDC test set, within 0.1 s, not measured here** (Zhu and
Beroza 2019): F1 0.896 for P, 0.801 for S.

Measure it on your own labels: `mainshock detect evaluate {name} DATA --windows WINDOWS.csv`.

## Calibration
None by the authors. The thresholds in the manifest had the best F1 on 154 records of northern
California with manual picks; there the picks were late by 0.033 s (P) and 0.044 s (S).

## Beware
* The network knows one network of stations; expect less elsewhere.
{_SHARED_BEWARE}
## Repeat
`mainshock models add phasenet --from CHECKPOINT` converts the authors' TensorFlow checkpoint
(made from: {source}). Training cannot be repeated here.

## Cite
Zhu and Beroza (2019), PhaseNet, https://doi.org/10.1093/gji/ggy423; SeisBench, whose network
takes the weights: Woollam et al. (2022), https://doi.org/10.1785/0220210324.
"""


def hub_card(
    name: str,
    weights: str,
    description: str,
    sampling_rate_hz: float,
    window_samples: int,
    thresholds: Mapping[str, float],
) -> str:
    """Return the card of weights from a SeisBench repository."""
    limits = ", ".join(f"{phase} {value:g}" for phase, value in thresholds.items())
    return f"""\
# {name}

SeisBench weights `{weights}`, converted; they were neither trained nor changed here.

## Purpose
Pick P and S. What follows is what the repository says about these weights:

{description.strip() or "Nothing."}

## Data
See above, and the page of the data set in the documentation of SeisBench. Do not judge the
network on records of the set it was trained on.

## Preprocessing
Resampled to {sampling_rate_hz:g} Hz; windows of {window_samples} samples; each component to zero
mean and unit standard deviation over the window; then SeisBench's own scaling for these weights,
which is part of the ONNX graph. Where SeisBench scales the components together, their relative
size is lost.

## Scores
None measured here. Measure it on your own labels:
`mainshock detect evaluate {name} DATA --windows WINDOWS.csv`.

## Calibration
None. The thresholds ({limits}) are the defaults of the repository or of SeisBench.

## Beware
* The licence is that of the weights' authors; read what the repository says before you pass the
  weights on.
{_SHARED_BEWARE}
## Repeat
`mainshock models add seisbench:{weights}`. Training cannot be repeated here.

## Cite
SeisBench: Woollam et al. (2022), https://doi.org/10.1785/0220210324; and what the text above names.
"""
