"""``mainshock offfault explain``: where in a fault map an estimate of efficiency comes from."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, say
from mainshock.core.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainshock.offfault.saliency import Saliency

__all__ = ["explain"]

_PICTURES = (".png", ".svg", ".pdf")
_NOTE = (
    "Attributions say what the model goes by, not where deformation is; a network that was taught "
    "by simulations goes by what holds there."
)


class _Method(StrEnum):
    """How the estimate is shared among pixels."""

    INTEGRATED_GRADIENTS = "integrated-gradients"
    GRAD_CAM = "grad-cam"
    OCCLUSION = "occlusion"


def explain(
    input_path: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="Window (128, 64) or stack as .npy, or windows as .npz."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Write the figure here: .png, .svg or .pdf.")],
    model: Annotated[
        str, typer.Option(help="A name, the folder of a trained network, or .onnx.")
    ] = "default",
    method: Annotated[
        _Method,
        typer.Option(help="Gradients need a folder with torch weights; occlusion takes any model."),
    ] = _Method.OCCLUSION,
    window: Annotated[int, typer.Option(min=0, help="Which window of a stack, from 0.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Draw which parts of a fault map raise and lower the estimated efficiency.

    Integrated gradients sum up to the estimate; the error of that sum is stated.
    """
    from mainshock.core.files import make_folder, replacing
    from mainshock.offfault.saliency import TOLERANCE
    from mainshock.offfault.saliency_plots import plot_saliency

    if out.suffix and out.suffix.lower() not in _PICTURES:
        raise SettingsError(f"--out {out}: a picture ends in {', '.join(_PICTURES)}")
    found = _explained(_map(input_path, window), model, method)
    make_folder(out.parent)
    with replacing(out) as partial:
        plot_saliency(found).savefig(partial, dpi=150, format=out.suffix[1:].lower() or "png")
    error = float(found.completeness_error[0])
    sums_up = method is _Method.INTEGRATED_GRADIENTS  # the others promise no sum
    if error > TOLERANCE:
        say(f"the sum of shares is off by {error:.1%} after {found.n_steps} points")
    say(_NOTE)
    if as_json:
        print_json(
            {
                "method": method.value,
                "model": model,
                "window": window,
                "ke": float(found.ke[0]),
                "empty_ke": float(found.empty_ke[0]),
                "sum": float(found.attribution.sum()) if sums_up else None,
                "completeness_error": error,
                "is_complete": found.is_complete if sums_up else None,
                "n_steps": found.n_steps,
                "path": str(out),
                "note": _NOTE,
            }
        )
        return
    print_result(f"KE {found.ke[0]:.3f} by {model}, {method.value} -> {out}")


def _map(path: Path, window: int) -> "NDArray[np.uint8]":
    """Return one window, shape ``(1, 128, 64)``."""
    import numpy as np

    from mainshock.core.errors import DataError
    from mainshock.offfault.windows import UNREADABLE, check_maps, read_windows

    if path.suffix.lower() == ".npz":
        maps = read_windows(path).maps
    else:
        try:
            with path.open("rb") as file:
                stored = np.load(file, allow_pickle=False)
        except UNREADABLE as error:
            raise DataError(f"{path} holds no array ({error}); give .npy or .npz") from error
        maps = stored[None] if stored.ndim == 2 else stored
        check_maps(maps)
    if window >= len(maps):
        raise DataError(f"{path} has {len(maps)} windows; --window {window} is not among them")
    return maps[window : window + 1].astype(np.uint8)


def _explained(maps: "NDArray[np.uint8]", model: str, method: _Method) -> "Saliency":
    from mainshock.core.errors import ModelError
    from mainshock.offfault import saliency

    if method is _Method.OCCLUSION:
        from mainshock.offfault.comparison import open_model

        return saliency.occlusion(open_model(model), maps)
    folder = Path(model)
    if not folder.is_dir():
        raise ModelError(
            f"{model!r} is no folder of a trained network, and {method.value} needs torch weights; "
            "train one by `mainshock offfault train`, or use --method occlusion"
        )
    from mainshock.offfault.network_efficiency import with_lines
    from mainshock.offfault.run_folder import read_network, read_params

    network, seen = read_network(folder), with_lines(maps, read_params(folder)["line_px"])
    gradients = method is _Method.INTEGRATED_GRADIENTS
    explained = saliency.integrated_gradients if gradients else saliency.grad_cam
    return explained(network, seen)
