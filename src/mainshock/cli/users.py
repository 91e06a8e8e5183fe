"""``mainshock users``: accounts, API keys and signing keys of a service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli import store_options
from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from mainshock.stream.store.accounts import AccountStore
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["app", "key_app"]

app = typer.Typer(help="Accounts of a service: who may use it, and for what.", no_args_is_help=True)
key_app = typer.Typer(help="API keys of an account, for programs.", no_args_is_help=True)
app.add_typer(key_app, name="key")

_Name = Annotated[str, typer.Argument(help="Name of the account.")]
_Role = Annotated[str, typer.Option(help="viewer, seismologist, ml-engineer, operator or admin.")]
_Folder = store_options.Folder
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File with the password; without it the password is asked for."
    ),
]


@app.command("add")
def add(
    name: _Name,
    role: _Role = "viewer",
    password_file: _PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For an account that has API keys alone.")
    ] = False,
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Add an account. From the first one on, callers of the service must sign in."""
    from mainshock.serve.security.accounts import add_user

    password = None if no_password else _password(password_file)
    with store_options.opened_store(data_dir, store, store_password, makes=True) as opened:
        add_user(_accounts(opened), name, role, password)
        store_options.note_by_console(opened, "user.add", name, role)
    say(f"added {name} ({role}); a service that runs must be restarted if it is the first account")


@app.command("list")
def list_accounts(
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    as_json: _Json = False,
) -> None:
    """List the accounts."""
    with store_options.opened_store(data_dir, store, store_password) as opened:
        found = _accounts(opened).users()
    if as_json:
        rows = [
            {
                "name": one.name,
                "role": one.role,
                "is_active": one.is_active,
                "created": one.created.isoformat(),
                "signed_in": None if one.signed_in is None else one.signed_in.isoformat(),
            }
            for one in found
        ]
        print_json({"users": rows})
        return
    for one in found:
        state = "" if one.is_active else "  closed"
        last = "never" if one.signed_in is None else f"{one.signed_in:%Y-%m-%d %H:%M}"
        print_result(f"{one.name:24} {one.role:14} signed in {last}{state}")


@app.command("role")
def role_of(
    name: _Name,
    role: Annotated[str, typer.Argument(help="Its new role.")],
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Give an account another role; its sign-ins end."""
    from mainshock.serve.security.accounts import LAST, check_role

    check_role(role)
    with store_options.opened_store(data_dir, store, store_password) as opened:
        _accounts(opened).set_role(name, role, LAST)
        store_options.note_by_console(opened, "user.role", name, role)


@app.command("disable")
def disable(
    name: _Name,
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Close an account: its sign-ins and keys count no more, at once."""
    from mainshock.serve.security.accounts import LAST

    with store_options.opened_store(data_dir, store, store_password) as opened:
        _accounts(opened).set_active(name, is_active=False, last=LAST)
        store_options.note_by_console(opened, "user.disable", name)


@app.command("enable")
def enable(
    name: _Name,
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Open an account again."""
    with store_options.opened_store(data_dir, store, store_password) as opened:
        _accounts(opened).set_active(name, is_active=True)
        store_options.note_by_console(opened, "user.enable", name)


@app.command("password")
def password_of(
    name: _Name,
    password_file: _PasswordFile = None,
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Give an account another password; its sign-ins end."""
    from mainshock.serve.security.accounts import change_password

    with store_options.opened_store(data_dir, store, store_password) as opened:
        change_password(_accounts(opened), name, _password(password_file))
        store_options.note_by_console(opened, "user.password", name)


@app.command("revoke")
def revoke(
    name: _Name,
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """End all sign-ins of an account; its keys stay."""
    with store_options.opened_store(data_dir, store, store_password) as opened:
        _accounts(opened).end_sessions(name)
        store_options.note_by_console(opened, "user.revoke", name)


@app.command("rotate-keys")
def rotate_keys(
    data_dir: Annotated[
        Path, typer.Option("--data-dir", metavar="DIR", help="Data folder of the monitor.")
    ],
    at_once: Annotated[
        bool, typer.Option("--at-once", help="All must sign in again, as after a theft.")
    ] = False,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Sign tokens by a new key; tokens of the former one stay good until they expire."""
    from mainshock.serve.security.key_file import key_file_of
    from mainshock.serve.security.signing import SigningKeys

    address = store_options.address_of(store, store_password)
    with store_options.opened_store(None if address else data_dir, store, store_password) as opened:
        made = SigningKeys(key_file_of(data_dir)).rotate(at_once=at_once)
        store_options.note_by_console(opened, "keys.rotate", made, "at once" if at_once else "")
    print_result(made)


@key_app.command("add")
def add_key(
    name: _Name,
    scope: Annotated[
        list[str], typer.Option(help="What it may do, as `read` or `metrics`; may be repeated.")
    ],
    days: Annotated[float, typer.Option(min=0.01, help="How long it lasts.")] = 90.0,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Make an API key of an account. It is printed this once; only its hash is kept."""
    from mainshock.serve.security.accounts import make_key

    with store_options.opened_store(data_dir, store, store_password) as opened:
        made = make_key(_accounts(opened), name, scope, days, label[:100])
        store_options.note_by_console(
            opened, "key.add", name, f"{made.split('_')[1]}: {' '.join(scope)}, {days:g} days"
        )
    print_result(made)


@key_app.command("list")
def list_keys(
    name: Annotated[str, typer.Argument(help="Name of an account; all without it.")] = "",
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    as_json: _Json = False,
) -> None:
    """List API keys by their first part; the secret part is not kept."""
    with store_options.opened_store(data_dir, store, store_password) as opened:
        found = _accounts(opened).keys(name)
    rows = [
        {
            "prefix": one.prefix,
            "user": one.user_name,
            "label": one.label,
            "scopes": list(one.scopes),
            "expires": None if one.expires is None else one.expires.isoformat(),
            "used": None if one.used is None else one.used.isoformat(),
        }
        for one in found
    ]
    if as_json:
        print_json({"keys": rows})
        return
    for one in found:
        ends = "" if one.expires is None else f"{one.expires:%Y-%m-%d}"
        scopes = ",".join(one.scopes)
        print_result(f"{one.prefix}  {one.user_name:24} {scopes:20} until {ends}  {one.label}")


@key_app.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="First part of the key, as `key list` shows it.")],
    data_dir: _Folder = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
) -> None:
    """Remove an API key; it counts no more, at once."""
    with store_options.opened_store(data_dir, store, store_password) as opened:
        _accounts(opened).remove_key(prefix)
        store_options.note_by_console(opened, "key.revoke", prefix)


def _accounts(store: "LiveStore") -> "AccountStore":
    from mainshock.stream.store.accounts import AccountStore

    return AccountStore(store.database)


def _password(path: Path | None) -> str:
    from mainshock.core.secrets import read_secret_file

    if path is not None:
        return read_secret_file(path).reveal()
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
