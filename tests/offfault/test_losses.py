"""Losses against numbers worked out by hand."""

import math

import pytest
import torch

from mainshock.core.errors import RegistryError, SettingsError
from mainshock.offfault.losses import nll, reference, weighted
from mainshock.offfault.registry import EFFICIENCY_LOSSES

KE = torch.tensor([0.5, 0.8, 0.1], dtype=torch.float64)
SD = torch.tensor([0.10, 0.04, 0.20], dtype=torch.float64)
PREDICTION = torch.tensor([[0.6], [0.7], [0.4]], dtype=torch.float64)
# squared errors 0.01, 0.01, 0.09


def test_reference_weighs_the_batch_and_not_the_window() -> None:
    mean_weight = (1.0 / 0.01001 + 1.0 / 0.00161 + 1.0 / 0.04001) / 3.0
    expected = 0.11 / 3.0 * mean_weight
    assert float(reference(PREDICTION, KE, SD)) == pytest.approx(expected, rel=1e-12)
    # the same errors on other windows cost the same
    swapped = KE + (PREDICTION[:, 0] - KE)[[2, 0, 1]]
    assert float(reference(swapped[:, None], KE, SD)) == pytest.approx(expected, rel=1e-12)


def test_weighted_weighs_each_window() -> None:
    expected = (0.01 / 0.0109 + 0.01 / 0.0025 + 0.09 / 0.0409) / 3.0
    assert float(weighted(PREDICTION, KE, SD)) == pytest.approx(expected, rel=1e-12)
    swapped = KE + (PREDICTION[:, 0] - KE)[[2, 0, 1]]
    assert float(weighted(swapped[:, None], KE, SD)) != pytest.approx(expected, rel=1e-3)


def test_nll_is_that_of_a_gaussian() -> None:
    widths = [0.1, 0.2, 0.3]
    stated = torch.tensor([[math.log(one)] for one in widths], dtype=torch.float64)
    expected = (
        -sum(
            math.log(math.exp(-0.5 * e / w**2) / (w * math.sqrt(2.0 * math.pi)))
            for e, w in zip([0.01, 0.01, 0.09], widths, strict=True)
        )
        / 3.0
    )
    found = nll(torch.cat([PREDICTION, stated], dim=1), KE, SD)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_nll_is_least_where_the_width_is_the_error() -> None:
    def loss(width: float) -> float:
        row = torch.tensor([[0.5, math.log(width)]], dtype=torch.float64)
        return float(nll(row, KE[1:2], SD[1:2]))

    assert loss(0.3) < min(loss(0.25), loss(0.36))


def test_nll_needs_a_width() -> None:
    with pytest.raises(SettingsError, match="2 outputs, this one has 1"):
        nll(PREDICTION, KE, SD)


@pytest.mark.parametrize("name", EFFICIENCY_LOSSES.names())
def test_every_loss_leads_to_the_labels(name: str) -> None:
    prediction = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([prediction], lr=0.01)
    loss = EFFICIENCY_LOSSES.load(name)
    for _ in range(1500):
        optimiser.zero_grad()
        loss(prediction, KE, SD).backward()
        optimiser.step()
    assert torch.allclose(prediction[:, 0], KE, atol=0.02)


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(RegistryError, match="nll, nll-mae, reference, weighted"):
        EFFICIENCY_LOSSES.load("mse")
