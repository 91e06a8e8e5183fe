"""The one interface of every picker here, put around networks that have others."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from mainshock.core.errors import ModelError
from mainshock.learn.models import load_manifest

__all__ = ["COMPONENTS", "Architecture", "PickerNetwork", "open_network"]

COMPONENTS = "ZNE"
ROWS = ("P", "S")
_CLASSES = ("EQTransformer", "PhaseNet")


@dataclass(frozen=True, slots=True)
class Architecture:
    """How to build a network of SeisBench and how its input and output differ from ours.

    Parameters
    ----------
    class_name, arguments
        Class in ``seisbench.models`` and the arguments of its constructor.
    components
        Order in which the network takes the components, such as ``"ENZ"``.
    labels
        What the network's outputs are, in its order; ``P`` and ``S`` must be among them.
    uses_own_scaling
        Whether the network's own preprocessing follows ours: peak scaling, tapers.
    """

    class_name: str
    arguments: Mapping[str, Any]
    components: str
    labels: tuple[str, ...]
    uses_own_scaling: bool = False

    def __post_init__(self) -> None:
        known = [sorted(COMPONENTS), sorted("Z12")]
        if sorted(self.components) not in known:
            raise ModelError(
                f"the network takes the components {self.components!r}; only networks of one "
                "vertical and two horizontal components can be used here"
            )
        missing = [row for row in ROWS if row not in self.labels]
        if missing:
            raise ModelError(
                f"the network gives {', '.join(self.labels)}, but no {' and no '.join(missing)}; "
                "a picker needs both"
            )
        if self.class_name not in _CLASSES:
            raise ModelError(
                f"networks of the class {self.class_name!r} cannot be used here; known classes: "
                f"{', '.join(_CLASSES)}"
            )

    @property
    def rows(self) -> tuple[str, ...]:
        """What the rows of our output are: P, S, and then the rest."""
        return (*ROWS, *(label for label in self.labels if label not in ROWS))

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        content = asdict(self)
        return {"class": content.pop("class_name"), **content, "labels": list(self.labels)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Architecture":
        """Return what ``as_dict`` gave."""
        values = dict(content)
        labels = tuple(values.pop("labels"))
        return cls(class_name=values.pop("class"), labels=labels, **values)

    def build(self) -> torch.nn.Module:
        """Return the network of SeisBench, with random weights."""
        import seisbench.models  # noqa: PLC0415 - slow, and only in the extra `train`

        network: torch.nn.Module = getattr(seisbench.models, self.class_name)(**self.arguments)
        return network.eval()


class PickerNetwork(torch.nn.Module):
    """A network in the one interface of every picker here.

    The input has the shape ``(batch, 3, n)``, components Z, N, E, each of zero mean and unit
    standard deviation, or zero where it is missing. The output has the shape
    ``(batch, rows, n)``, 0 to 1; row 0 is P, row 1 is S.
    """

    def __init__(self, network: torch.nn.Module, architecture: Architecture) -> None:
        super().__init__()
        self.network = network
        components = architecture.components.replace("1", "N").replace("2", "E")
        self.component_order = [COMPONENTS.index(component) for component in components]
        self.row_order = [architecture.labels.index(row) for row in architecture.rows]
        self.uses_own_scaling = architecture.uses_own_scaling

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Return the curves of a batch of windows."""
        ordered = waveform[:, self.component_order]
        if self.uses_own_scaling:
            ordered = self.network.annotate_batch_pre(ordered, {})  # type: ignore[operator]
        outputs = self.network(ordered)
        if isinstance(outputs, tuple):
            outputs = torch.stack(outputs, dim=1)
        rows: torch.Tensor = outputs[:, self.row_order]
        return rows


def open_network(folder: Path) -> PickerNetwork:
    """Return the torch network of a converted model, for gradients or further training.

    Raises
    ------
    ModelError
        If the folder holds no torch weights, or they do not fit the architecture.
    """
    from safetensors.torch import load_file  # noqa: PLC0415 - only in the extra `train`

    settings = load_manifest(folder).settings
    path = folder / "weights.safetensors"
    if "architecture" not in settings or not path.is_file():
        raise ModelError(
            f"{folder} holds no torch network, only what inference needs; use a model that "
            "`mainshock models add` converted"
        )
    architecture = Architecture.from_dict(settings["architecture"])
    network = architecture.build()
    try:
        network.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise ModelError(f"{path} does not fit its architecture: {error}") from error
    return PickerNetwork(network, architecture)
