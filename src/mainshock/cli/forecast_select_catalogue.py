"""The half of ``mainshock forecast select`` that compares models on a catalogue."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mainshock.cli.output import say

if TYPE_CHECKING:
    from mainshock.forecast.selection.rolling import Candidate

__all__ = ["candidates_of", "lines_of", "select_on_catalogue"]


def select_on_catalogue(given: Mapping[str, Any]) -> dict[str, Any]:
    """Compare models on a catalogue by the options of the command; return the document.

    Raises
    ------
    SettingsError
        If an option is missing or makes no sense.
    """
    from mainshock.cli.forecast_fit import n_threads
    from mainshock.core.errors import SettingsError
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.selection.fitting import FitRequest, prepare_fit
    from mainshock.forecast.selection.rolling import RollingSettings, select_rolling
    from mainshock.forecast.selection.rolling_report import save_rolling
    from mainshock.sources.seismicity.read import read_seismicity

    path, out = given["catalogue"], given["out"]
    if path is None or out is None or not given["models"]:
        raise SettingsError(
            "give a CATALOGUE with --models NAME,NAME and --out DIR, or a --table with --target"
        )
    request = FitRequest(
        start=given["from_"],
        end=given["to"],
        history=given["history_from"],
        mc=given["mc"],
        region=given["region"],
        seed=given["seed"],
        threads=n_threads(given["threads"]),
        allow_incomplete=given["allow_incomplete"],
    )
    prepared = prepare_fit(read_seismicity(path), request)
    names = [one.strip() for one in given["models"].split(",") if one.strip()]
    candidates = candidates_of(
        names, given["search"] or [], given["option"] or [], prepared.catalogue.has_places
    )
    settings = RollingSettings(
        n_folds=given["folds"],
        n_trials=given["trials"],
        budget_s=given["budget_s"],
        seed=given["seed"],
    )
    selection = select_rolling(prepared, candidates, settings, say)
    document = save_rolling(out, selection, prepared, (path.name, file_sha256(path)))
    return {**document, "warnings": [*prepared.warnings, *document["warnings"]], "out": str(out)}


def candidates_of(
    names: Sequence[str], searched: Sequence[str], fixed: Sequence[str], has_places: bool
) -> "list[Candidate]":
    """Return models with their options from ``model:name=values`` texts.

    Raises
    ------
    SettingsError
        If a text is none, or names a model that is not compared.
    RegistryError
        If there is no such model.
    """
    from mainshock.core.errors import RegistryError, SettingsError
    from mainshock.forecast.registry import DEFAULT_SPATIAL, DEFAULT_TEMPORAL, RATE_MODELS
    from mainshock.forecast.selection.rolling import Candidate
    from mainshock.forecast.selection.search_space import dimension_from_text, value_from_text

    default = DEFAULT_SPATIAL if has_places else DEFAULT_TEMPORAL
    wanted = list(dict.fromkeys(default if one == "default" else one for one in names))
    for name in wanted:
        if name not in RATE_MODELS:
            known = ", ".join(RATE_MODELS.names())
            raise RegistryError(f"no forecast model is called {name!r}; known names: {known}")
    spaces: dict[str, dict[str, Any]] = {name: {} for name in wanted}
    options: dict[str, dict[str, Any]] = {name: {} for name in wanted}
    for texts, into, read in (
        (searched, spaces, dimension_from_text),
        (fixed, options, value_from_text),
    ):
        for text in texts:
            model, _, rest = text.partition(":")
            model = default if model == "default" else model
            name, _, value = rest.partition("=")
            if not name or not value:
                raise SettingsError(f"{text!r} is not of the form model:option=value")
            if model not in into:
                raise SettingsError(f"{text!r} names {model!r}, which is not among --models")
            into[model][name] = read(value)
    return [Candidate(name, options[name], spaces[name]) for name in wanted]


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return what was found, for people."""
    lines = [f"{'model':<20} {'nats an event':>14} {'gain':>8} {'95 %':>18}  options"]
    for one in document["trials"]:
        if one["error"]:
            lines.append(f" {one['model']:<19} failed")
            continue
        low, high = one["interval95"]
        mark = "*" if one["is_chosen"] else " "
        options = ", ".join(f"{name}={value}" for name, value in one["options"].items())
        interval = f"{low:+.3f} to {high:+.3f}"
        lines.append(
            f"{mark}{one['model']:<19} {one['ll_per_event']:>14.4f} {one['igpe']:>+8.3f} "
            f"{interval:>18}  {options}".rstrip()
        )
    apart = document["kept_apart"]
    if apart is not None:
        low, high = apart["interval95"]
        lines.append(
            f"window kept from the choice, {apart['from'][:10]} to {apart['to'][:10]}: "
            f"{apart['n']} events, {apart['expected_n']:.1f} expected, gain {apart['igpe']:+.3f} "
            f"({low:+.3f} to {high:+.3f}) over {document['reference']}"
        )
    lines.append(f"* chosen, refitted to everything -> {document['out']}")
    return lines
