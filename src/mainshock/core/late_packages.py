"""Lets a part of a library be imported without all the rest of it."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType

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
    setattr(module, "__getattr__", _asked(module, spec.loader.exec_module))  # noqa: B010
    sys.modules[package] = module
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


def _asked(module: ModuleType, load: Callable[[ModuleType], None]) -> Callable[[str], object]:
    """Return the package's ``__getattr__``, which goes away once it has loaded the package.

    Other threads wait meanwhile. After a load that failed the next one to ask tries again.
    """
    lock = RLock()
    is_loading = False

    def getattribute(name: str) -> object:
        nonlocal is_loading
        if name.startswith("__") and name != "__all__":  # asked of every module, by warnings
            raise AttributeError(name)
        if not is_loading and find_spec(f"{module.__name__}.{name}") is not None:
            return import_module(f"{module.__name__}.{name}")  # a module of it needs not all of it
        with lock:
            if not is_loading and "__getattr__" in vars(module):
                is_loading = True
                try:
                    load(module)
                    del vars(module)["__getattr__"]
                finally:
                    is_loading = False
        if name not in vars(module):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return vars(module)[name]

    return getattribute
