"""A registry imports on first use, knows its names and takes names from other packages."""

import sys
from importlib.metadata import EntryPoint

import pytest

from mainshock.core import registry as registry_module
from mainshock.core.errors import RegistryError
from mainshock.core.registry import Registry


@pytest.fixture
def outside(monkeypatch):
    """Another package that registers two names."""
    points = {
        "mainshock.test_thing": [
            EntryPoint("theirs", "math:tau", "mainshock.test_thing"),
            EntryPoint("ours", "math:inf", "mainshock.test_thing"),
        ]
    }
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points.get(group, []))


def test_names_are_sorted_and_membership_asks_them():
    things = Registry("thing", {"b": "math:pi", "a": "math:e"})
    assert things.names() == ["a", "b"]
    assert "a" in things
    assert "c" not in things
    assert 3 not in things


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(RegistryError, match="no picker is called 'x'; known names: a, b"):
        Registry("picker", {"b": "math:pi", "a": "math:e"}).load("x")
    with pytest.raises(RegistryError, match="known names: none"):
        Registry("picker", {}).load("x")


def test_nothing_is_imported_before_a_name_is_asked_for():
    module = "wave"  # a standard module that nothing else here needs
    sys.modules.pop(module, None)
    things = Registry("thing", {"lazy": f"{module}:Error"})
    assert things.names() == ["lazy"]
    assert module not in sys.modules
    assert issubclass(things.load("lazy"), Exception)
    assert module in sys.modules


@pytest.mark.parametrize("target", ["no_such_module_xyz:Thing", "math:no_such_name", "math"])
def test_an_entry_that_does_not_import_says_which(target):
    with pytest.raises(RegistryError, match=f"registered as '{target}', which does not import"):
        Registry("thing", {"broken": target}).load("broken")


def test_other_packages_add_names_but_replace_none(outside):
    things = Registry("test thing", {"ours": "math:pi"})
    assert things.names() == ["ours", "theirs"]
    assert things.load("theirs") == pytest.approx(6.283185307)
    assert things.load("ours") == pytest.approx(3.141592653)


def test_the_callers_mapping_can_change_without_effect():
    entries = {"a": "math:e"}
    things = Registry("thing", entries)
    entries["b"] = "math:pi"
    assert things.names() == ["a"]
