"""The models of a live run: the one in use, its desk, and the shadow beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from mainshock.detect.base import Picker
from mainshock.stream.bus import Message
from mainshock.stream.model_choice.chosen import ChoiceStore
from mainshock.stream.model_choice.desk import BetweenSteps, ModelDesk
from mainshock.stream.model_choice.metrics import ModelMetrics
from mainshock.stream.model_choice.opened import OpenedPicker
from mainshock.stream.model_choice.settings import ModelSettings, PickerSpec
from mainshock.stream.model_choice.shadow import Shadow
from mainshock.stream.monitoring.process_metrics import picker_version
from mainshock.stream.store.live_store import LiveStore

__all__ = ["RunModels", "open_desk", "open_shadow"]


def open_desk(
    store: LiveStore, picker: Picker, settings: ModelSettings, *, tells: bool = True
) -> ModelDesk:
    """Return where the model in use is changed, by the choice that a store keeps.

    Parameters
    ----------
    picker
        The one that the settings name, open.
    tells
        Whether the store is told which model is in use.
    """
    first = OpenedPicker(settings.in_use, picker, picker_version(picker.name))
    return ModelDesk(ChoiceStore(store.database), settings, first, tells)


def open_shadow(
    settings: ModelSettings, file: Path, *, is_live: bool, is_synthetic: bool
) -> Shadow | None:
    """Return what runs beside the picker in use, or None where the settings name nothing.

    Parameters
    ----------
    file
        Where its picks are kept.
    """
    if settings.shadow is None:
        return None
    return Shadow(
        settings.shadow,
        lambda: LiveStore.open(file),
        is_synthetic=is_synthetic,
        is_live=is_live,
    )


@dataclass(slots=True, eq=False)
class RunModels:
    """What a live run needs to know of its models.

    Parameters
    ----------
    desk
        Where the model in use is changed.
    shadow
        What runs beside it, or None.
    """

    desk: ModelDesk
    shadow: Shadow | None = None

    @classmethod
    def open(
        cls,
        store: LiveStore,
        picker: Picker,
        settings: ModelSettings | None,
        shadow_file: Path,
        *,
        is_live: bool,
        is_synthetic: bool,
    ) -> "RunModels":
        """Return the models: the picker given is in use, or one that was promoted since.

        Parameters
        ----------
        settings
            Which pickers serve; None: the one given alone.
        shadow_file
            Where the picks of the shadow are kept.
        """
        settings = settings or ModelSettings(in_use=PickerSpec(model=picker.name))
        shadow = open_shadow(settings, shadow_file, is_live=is_live, is_synthetic=is_synthetic)
        return cls(open_desk(store, picker, settings), shadow)

    @property
    def picker(self) -> Picker:
        """The picker in use."""
        return self.desk.in_use.picker

    def serve(
        self,
        between: BetweenSteps,
        registry: CollectorRegistry,
        shown: Gauge,
        use: Callable[[Picker], None],
    ) -> None:
        """Say how an action is done between two steps, where metrics are shown, and who picks.

        Parameters
        ----------
        between
            Has an action done between two steps of picking.
        registry, shown
            Where metrics go, and the gauge of models at work.
        use
            Has a picker used from now on.
        """
        self.desk.serve(between, use)
        self.desk.tell(ModelMetrics(registry, shown, self.shadow).on_change)
        self.desk.tell(self._on_change)

    def start(self) -> None:
        """Follow the store, and start the shadow."""
        self.desk.start()
        if self.shadow is not None:
            self.shadow.start(self.desk.shadow_spec, self.picker.name)

    def stop(self) -> None:
        """End both."""
        self.desk.stop()
        if self.shadow is not None:
            self.shadow.stop()

    def see(self, messages: Sequence[Message]) -> None:
        """Take what was published."""
        if self.shadow is not None:
            self.shadow.see(messages)

    def _on_change(self, _action: str, _old: OpenedPicker, new: OpenedPicker) -> None:
        if self.shadow is not None:
            self.shadow.change(self.desk.shadow_spec, new.name)
