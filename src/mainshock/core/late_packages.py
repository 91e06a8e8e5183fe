"""Lets a part of a library be imported without all the rest of it."""

import sys
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import cast

__all__ = ["import_late"]


def import_late(package: str) -> None:
    """Have a package run its ``__init__`` not when it is imported, but when it is first asked.

    Its modules can be imported as always, and do not run it either. Does nothing if the package
    was imported before.

    Notes
    -----
    ObsPy's instrument responses need two small modules of ``obspy.signal``, whose ``__init__``
    imports matplotlib and half of SciPy: 70 MB in a process that runs for months.

    Examples
    --------
    >>> import sys
    >>> import_late("xml.dom")
    >>> import xml.dom
    >>> xml.dom.Node.ELEMENT_NODE
    1
    """
    if package in sys.modules:
        return
    spec = find_spec(package)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"there is no package {package}", name=package)
    module = module_from_spec(spec)
    load = spec.loader.exec_module
    setattr(module, "__getattr__", _asked(module, load))  # noqa: B010 - a module may have one
    sys.modules[package] = module
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


def _asked(module: ModuleType, load: Callable[[ModuleType], None]) -> Callable[[str], object]:
    """Return the package's ``__getattr__``, which goes away as it loads the package."""

    def getattribute(name: str) -> object:
        if name.startswith("__") and name != "__all__":  # asked of every module, by warnings
            raise AttributeError(name)
        if module.__dict__.pop("__getattr__", None) is not None:
            load(module)
        return cast(object, getattr(module, name))

    return getattribute
