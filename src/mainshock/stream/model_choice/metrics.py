"""What Prometheus is told of the models: which one counts, and what runs beside it."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mainshock.stream.model_choice.opened import OpenedPicker
from mainshock.stream.model_choice.shadow import Shadow

__all__ = ["ModelMetrics"]


class ModelMetrics:
    """Counts changes of the model in use, and shows the shadow.

    Parameters
    ----------
    registry
        Where they are shown.
    models
        The gauge of models at work.
    shadow
        What runs beside the picker in use, or None.
    """

    def __init__(self, registry: CollectorRegistry, models: Gauge, shadow: Shadow | None) -> None:
        self._models = models
        self._changes = Counter(
            "mainshock_model_changes",
            "Models promoted or returned to",
            ["action"],
            registry=registry,
        )
        for action in ("promote", "rollback"):
            self._changes.labels(action)
        if shadow is not None:
            registry.register(_ShadowCollector(shadow))

    def on_change(self, action: str, old: OpenedPicker, new: OpenedPicker) -> None:
        """Note a change of the model in use."""
        self._changes.labels(action).inc()
        self._models.remove("picker", old.name, old.version)
        self._models.labels("picker", new.name, new.version).set(1.0)


class _ShadowCollector(Collector):
    """Asks the shadow at each scrape."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> list[Metric]:
        told = self._shadow.state
        compared = self._shadow.comparison()
        running = GaugeMetricFamily(
            "mainshock_shadow_running", "Whether the shadow picks records", labels=["model"]
        )
        running.add_metric([told.name], 1.0 if told.state == "running" else 0.0)
        waiting = GaugeMetricFamily(
            "mainshock_shadow_waiting_packets", "Records that wait for the shadow"
        )
        waiting.add_metric([], told.waiting)
        share = GaugeMetricFamily(
            "mainshock_shadow_agreement",
            "Share of arrivals that the shadow and the picker in use both have",
            labels=["phase"],
        )
        residual = GaugeMetricFamily(
            "mainshock_shadow_residual_seconds",
            "Times of common picks, shadow minus in use",
            labels=["phase", "figure"],
        )
        picks = GaugeMetricFamily(
            "mainshock_shadow_picks",
            "Picks compared, by who has them",
            labels=["phase", "whose"],
        )
        for phase, one in compared.phases.items():
            for whose, number in (
                ("both", one.n_both),
                ("in_use", one.n_in_use_only),
                ("shadow", one.n_shadow_only),
            ):
                picks.add_metric([phase, whose], number)
            if one.agreement is not None:
                share.add_metric([phase], one.agreement)
            for figure, value in (("mean", one.residual_mean_s), ("sd", one.residual_sd_s)):
                if value is not None:
                    residual.add_metric([phase, figure], value)
        return [running, waiting, share, residual, picks, *_counted(self._shadow)]


def _counted(shadow: Shadow) -> list[Metric]:
    counts = shadow.state.counts
    made: list[Metric] = []
    for name, help_text, value in (
        ("mainshock_shadow_packets", "Records that the shadow picked", counts.seen),
        ("mainshock_shadow_shed_packets", "Records dropped because it was too slow", counts.shed),
        ("mainshock_shadow_failures", "Batches or processes that failed", counts.failures),
    ):
        one = CounterMetricFamily(name, help_text)
        one.add_metric([], value)
        made.append(one)
    return made
