"""The tree of errors in the docstring is the tree of classes."""

import re

import pytest

from mainshock.core import errors

LINE = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>\w+Error)(?: \((?P<builtin>\w+)\))?")
DEPTH_COLUMNS = 4


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Parent and builtin of each class, as the docstring draws them."""
    tree, path = {}, []
    for line in errors.__doc__.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        depth = len(match["indent"]) // DEPTH_COLUMNS
        path = [*path[:depth], match["name"]]
        tree[match["name"]] = (path[depth - 1] if depth else "Exception", match["builtin"])
    return tree


def test_every_error_is_drawn_and_every_drawn_one_exists():
    assert sorted(drawn_tree()) == sorted(errors.__all__)


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n != "MainshockError"])
def test_each_error_has_the_parent_and_builtin_that_the_drawing_shows(name):
    parent, builtin = drawn_tree()[name]
    expected = [parent] if builtin is None else [parent, builtin]
    assert [base.__name__ for base in getattr(errors, name).__bases__] == expected


@pytest.mark.parametrize("name", errors.__all__)
def test_each_error_is_a_mainshock_error_with_an_exit_code(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.MainshockError)
    assert kind.exit_code in {1, 2, 3, 4}
    assert str(kind("value 3 is above the limit 2")) == "value 3 is above the limit 2"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.DataError, 1),
        (errors.SourceError, 1),
        (errors.SettingsError, 2),
        (errors.RegistryError, 2),
        (errors.NothingFoundError, 3),
        (errors.UnreachableError, 4),
    ],
)
def test_exit_codes_are_those_of_the_command_line_contract(kind, code):
    assert kind.exit_code == code
