"""``__all__`` of every package and module is what it gives to others: no more, no less."""

import ast
import importlib
from pathlib import Path

import pytest

import mainshock

SOURCE = Path(mainshock.__file__).parent
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py")
PACKAGES = sorted(SOURCE.rglob("__init__.py"))


def label(path: Path) -> str:
    return str(path.relative_to(SOURCE.parent))


def declared(tree: ast.Module) -> list[str] | None:
    """The names in ``__all__``, or None where a module has none."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return None


def is_command(node: ast.FunctionDef) -> bool:
    """Whether a function is given to users through its typer app, not by import."""
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in {"command", "callback"}
        for decorator in node.decorator_list
    )


def defined(tree: ast.Module) -> set[str]:
    """Public functions and classes of a module."""
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not (isinstance(node, ast.FunctionDef) and is_command(node))
    }


def bound(tree: ast.Module) -> set[str]:
    """All names that the top level of a module binds."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_module_lists_its_public_functions_and_classes(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = declared(tree)
    assert names is not None, "declares no __all__"
    assert len(names) == len(set(names))
    assert defined(tree) - set(names) == set(), "public, but not in __all__"
    assert set(names) - bound(tree) == set(), "in __all__, but not there"


@pytest.mark.parametrize("path", PACKAGES, ids=label)
def test_package_lists_what_it_imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = declared(tree)
    assert names is not None, "declares no __all__"
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    own = {"__version__"} if path.parent == SOURCE else set()
    assert set(names) == imported | own | defined(tree)


@pytest.mark.parametrize("path", PACKAGES, ids=label)
def test_every_listed_name_of_a_package_is_there(path):
    package = ".".join(path.parent.relative_to(SOURCE.parent).parts)
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
