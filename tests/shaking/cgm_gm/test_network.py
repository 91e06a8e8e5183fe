"""The network has the published layout, and its parts agree with plain formulas."""

import numpy as np
import pytest
import torch

from mainshock.core.errors import ModelError
from mainshock.shaking.cgm_gm.losses import WaveformLoss, divergence, squared_error
from mainshock.shaking.cgm_gm.network import CgmNetwork, Encoded, NetworkShape
from mainshock.shaking.cgm_gm.sampler import Sampler


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        (NetworkShape(n_latent=32, n_prior=32, n_embedded=16), 173_009),
        (NetworkShape(n_latent=8, n_prior=16, n_embedded=32), 191_569),
    ],
)
def test_parameter_counts_are_the_published_ones(shape: NetworkShape, count: int) -> None:
    assert sum(one.numel() for one in CgmNetwork(shape).parameters()) == count


def test_a_pass_gives_a_hidden_value_for_each_frame() -> None:
    network = CgmNetwork(NetworkShape(n_bins=9, n_conditions=3, n_latent=5))
    found = network(torch.rand(4, 7, 9), torch.rand(4, 3))
    assert found.reconstruction.shape == (4, 7, 9)
    assert {one.shape for one in found[1:]} == {(4, 7, 5)}


def test_the_prior_never_sees_the_record() -> None:
    network = CgmNetwork(NetworkShape(n_bins=9, n_conditions=3)).eval()
    conditions = torch.rand(2, 3)
    priors = []
    for spectrograms in (torch.zeros(2, 6, 9), torch.ones(2, 6, 9)):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            priors.append(network(spectrograms, conditions).prior_mean)
    torch.testing.assert_close(priors[0], priors[1])


@pytest.mark.parametrize(
    ("is_legacy", "expected"), [(False, np.exp(-1.0)), (True, 0.5 * np.exp(-2.0))]
)
def test_spread_of_hidden_values(*, is_legacy: bool, expected: float) -> None:
    network = CgmNetwork(NetworkShape(), is_legacy=is_legacy)
    mean = torch.zeros(200, 1000)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = network._drawn(mean, torch.full_like(mean, -2.0)).std().item()
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("is_legacy", [False, True])
def test_sampling_without_torch_equals_a_plain_loop_with_torch(*, is_legacy: bool) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = CgmNetwork(NetworkShape(11, 4, 6, 5, 3), is_legacy=is_legacy)
    weights = {name: one.detach().numpy() for name, one in network.state_dict().items()}
    conditions = np.random.default_rng(2).random((8, 4))
    found = Sampler(weights, 7, is_legacy=is_legacy).draw(conditions, np.random.default_rng(3))

    rng = np.random.default_rng(3)

    def noise() -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal((8, 6), dtype=np.float32))

    with torch.no_grad():
        embedded = network.condition(torch.from_numpy(conditions.astype(np.float32)))
        latent, state, frames = noise(), torch.zeros(8, 5), []
        for _ in range(7):
            state = network.prior_cell(torch.cat([latent, embedded], 1), state)
            log_variance = network.prior_log_variance(state)
            sd = 0.5 * log_variance.exp() if is_legacy else torch.exp(0.5 * log_variance)
            latent = network.prior_mean(state) + sd * noise()
            frames.append(network.decoder(torch.cat([latent, embedded], 1)))
    np.testing.assert_allclose(found, torch.stack(frames, 1).numpy(), rtol=1e-5, atol=1e-6)


def test_sampler_tells_what_is_missing() -> None:
    with pytest.raises(ModelError, match=r"prior_cell\.bias_hh"):
        Sampler({}, 7, is_legacy=False)


def test_divergence_is_that_of_normal_distributions() -> None:
    generator = torch.Generator().manual_seed(4)
    parts = [torch.randn(3, 5, 2, generator=generator) for _ in range(4)]
    first, second = (
        torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        for mean, log_variance in (parts[:2], parts[2:])
    )
    expected = torch.distributions.kl_divergence(first, second).sum() / 3
    torch.testing.assert_close(divergence(Encoded(parts[0], *parts)), expected)
    same = divergence(Encoded(parts[0], parts[0], parts[1], parts[0], parts[1]))
    assert same.item() == pytest.approx(0.0, abs=1e-5)


def test_squared_error_is_summed_over_a_record() -> None:
    assert squared_error(torch.zeros(2, 3, 4), torch.full((2, 3, 4), 2.0)).item() == 48.0


@pytest.mark.parametrize("is_legacy", [False, True])
def test_waveform_loss_is_nothing_for_the_record_itself(*, is_legacy: bool) -> None:
    window = torch.ones(80) if is_legacy else torch.hann_window(80)
    waveforms = torch.randn(2, 400, generator=torch.Generator().manual_seed(1))
    spectra = torch.stft(waveforms, 80, 23, window=window, return_complex=True).transpose(1, 2)
    logarithms = torch.log10(spectra.abs() + 1e-10)
    low, high = logarithms.min().item(), logarithms.max().item()
    loss = WaveformLoss(low, high, 1e-10, window, 23, 400, is_legacy=is_legacy)
    scaled = (logarithms - low) / (high - low)
    assert loss(scaled, spectra.angle(), waveforms).item() < 1e-6
    too_loud = loss(scaled + 1.0, spectra.angle(), waveforms).item()
    assert (too_loud > 1e6) is is_legacy
