"""PhaseNet and EQTransformer with weights from a SeisBench repository.

Weights there are files of torch; SeisBench loads them with torch's restricted unpickler, which
builds tensors and nothing else.

References
----------
Woollam et al. (2022), https://doi.org/10.1785/0220210324
"""

import logging
import os
import pickle
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
import seisbench
import seisbench.models
from packaging.version import InvalidVersion, Version

from mainshock.core.errors import ModelError, SettingsError, UnreachableError
from mainshock.detect.converted.cards import hub_card
from mainshock.detect.converted.interface import Architecture
from mainshock.detect.converted.package import ConvertedPicker, add_picker
from mainshock.detect.converted.registry import AddedModel, AddOptions

__all__ = ["REMOTE_VARIABLE", "add_from_seisbench"]

REMOTE_VARIABLE = "MAINSHOCK_SEISBENCH_REMOTE"
_CLASSES = {"EQTransformer": ("eqtransformer", 0.1), "PhaseNet": ("phasenet", 0.3)}
_SOURCE = re.compile(r"(\w+)/([\w.-]+?)(?:@([\w.]+))?")
_TIMEOUT_S = 10.0
_Json = Any  # SeisBench has no types


def add_from_seisbench(argument: str, options: AddOptions) -> list[AddedModel]:
    """Add ``CLASS/WEIGHTS`` or ``CLASS/WEIGHTS@VERSION``, the newest version by default.

    Parameters
    ----------
    argument
        Such as ``"PhaseNet/instance"``.
    options
        ``remote`` is the root of the repository; without it the environment variable
        ``MAINSHOCK_SEISBENCH_REMOTE``, and then SeisBench's own repository and cache.

    Raises
    ------
    SettingsError
        If the source is misspelt or an option does not apply.
    UnreachableError
        If the repository does not answer.
    ModelError
        If it has no such weights, or they cannot be used.
    """
    class_name, weights, version = _parse(argument)
    if options.path is not None or options.reference is not None:
        raise SettingsError(
            "seisbench: takes neither --from nor --reference; --remote names another repository"
        )
    remote = options.remote or os.environ.get(REMOTE_VARIABLE)
    network_class = getattr(seisbench.models, class_name)
    with _repository(remote):
        options.say(f"looking for {class_name}/{weights} at {seisbench.remote_root}")
        network, version = _load(network_class, weights, version, is_own=remote is not None)
        where = seisbench.remote_root
    name = options.name or f"{_CLASSES[class_name][0]}-{weights.lower().replace('_', '-')}"
    options.say(f"{name}: found version {version}")
    picker = _picker(name, f"{class_name}/{weights}", version, network, where)
    return [add_picker(picker, options)]


def _parse(argument: str) -> tuple[str, str, str | None]:
    match = _SOURCE.fullmatch(argument)
    if match is None or match[1] not in _CLASSES:
        raise SettingsError(
            f"'seisbench:{argument}' is no source; write seisbench:CLASS/WEIGHTS or "
            f"seisbench:CLASS/WEIGHTS@VERSION, where CLASS is {' or '.join(_CLASSES)}"
        )
    return match[1], match[2], match[3]


@contextmanager
def _repository(remote: str | None) -> Iterator[None]:
    """Point SeisBench to another repository, without its cache, and back again."""
    if remote is None:
        yield
        return
    root = remote if remote.endswith("/") else remote + "/"
    names = ("remote_root", "remote_model_root", "cache_model_root")
    before = {name: getattr(seisbench, name) for name in names}
    with tempfile.TemporaryDirectory() as cache:
        seisbench.remote_root = root
        seisbench.remote_model_root = urljoin(root, "models/v3/")
        seisbench.cache_model_root = Path(cache)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(seisbench, name, value)


def _load(
    network_class: _Json, weights: str, version: str | None, *, is_own: bool
) -> tuple[_Json, str]:
    """Return the network and the version of its weights."""
    remedy = (
        "check the network, or name a mirror with --remote or "
        f"{REMOTE_VARIABLE}; `mainshock models add eqtransformer` needs no such repository"
    )
    try:
        with _quiet_log():
            known = [] if is_own else network_class.list_versions(weights, remote=False)
            if version not in known if version else not known:
                requests.head(seisbench.remote_root, timeout=_TIMEOUT_S)  # hangs nowhere else
                known = network_class.list_versions(weights, remote=True)
            if not known or (version and version not in known):
                raise ModelError(_not_there(network_class, weights, version, known))
            chosen = version or max(known, key=_version_key)
            return network_class.from_pretrained(weights, version_str=chosen), chosen
    except requests.exceptions.RequestException as error:
        raise UnreachableError(
            f"{seisbench.remote_root} does not answer ({type(error).__name__}); {remedy}"
        ) from error
    except ValueError as error:
        if "status code" in str(error):
            raise UnreachableError(f"{seisbench.remote_root}: {error} {remedy}") from error
        raise ModelError(f"the weights {weights!r} cannot be used: {error}") from error
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"the weights {weights!r} hold more than tensors, which could run code; they were not "
            "loaded: do not use this repository"
        ) from error
    except (RuntimeError, TypeError, OSError) as error:
        if isinstance(error, ModelError | UnreachableError):
            raise
        raise ModelError(f"the weights {weights!r} do not fit their network: {error}") from error


def _not_there(network_class: _Json, weights: str, version: str | None, known: list[str]) -> str:
    kind = network_class.__name__
    if known:
        return f"{kind}/{weights} has no version {version}; there are {', '.join(sorted(known))}"
    names = sorted(network_class.list_pretrained(remote=True))
    return f"there are no weights {kind}/{weights}; there are {', '.join(names) or 'none'}"


def _version_key(version: str) -> tuple[int, Version | str]:
    try:
        return 1, Version(version)
    except InvalidVersion:
        return 0, version


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep SeisBench from telling what the errors here tell."""
    logger = logging.getLogger("seisbench")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _picker(name: str, weights: str, version: str, network: _Json, where: str) -> ConvertedPicker:
    class_name = type(network).__name__
    default = _CLASSES[class_name][1]
    thresholds = {
        phase: float(network.default_args.get(f"{phase}_threshold", default)) for phase in "PS"
    }
    description = str(network.weights_docstring)
    return ConvertedPicker(
        name=name,
        version=version,
        description=f"{class_name} with the SeisBench weights {weights.partition('/')[2]}",
        licence="that of the weights' authors, see the card",
        network=network.eval(),
        architecture=Architecture(
            class_name=class_name,
            arguments=_arguments(network),
            components=str(network.component_order),
            labels=tuple(str(label) for label in network.labels),
            uses_own_scaling=True,
        ),
        sampling_rate_hz=float(network.sampling_rate),
        window_samples=int(network.in_samples),
        thresholds=thresholds,
        training={
            "reference": "https://doi.org/10.1785/0220210324",
            "data": description,
            "source": f"SeisBench weights {weights}, version {version}, from {where}",
            "converted_by": f"mainshock models add seisbench:{weights}",
        },
        published={},
        card=hub_card(
            name,
            weights,
            description,
            float(network.sampling_rate),
            int(network.in_samples),
            thresholds,
        ),
    )


def _arguments(network: _Json) -> dict[str, Any]:
    """Return the arguments that build the network, as far as JSON can hold them."""
    arguments = dict(network.get_model_args())
    if hasattr(network, "filter_factor"):  # SeisBench 0.12 leaves it out
        arguments["filter_factor"] = network.filter_factor
    kinds = (str, int, float, bool, list, tuple, dict)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in arguments.items()
        if isinstance(value, kinds) and name not in {"citation", "default_args"}
    }
