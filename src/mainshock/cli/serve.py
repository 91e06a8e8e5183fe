"""``mainshock serve``: the web page and the API over what a monitor stored."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli import security_options, store_options
from mainshock.cli.output import say

__all__ = ["serve"]


def serve(
    data_dir: Annotated[
        Path, typer.Option("--data-dir", metavar="DIR", help="Folder that a monitor wrote to.")
    ],
    stations: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="StationXML or table; by default those of the monitor."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but a loopback one needs a token.")
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File that holds the token which callers must show."),
    ] = None,
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    accounts: security_options.Accounts = False,
    security: security_options.Security = None,
    tls_cert: security_options.TlsCert = None,
    tls_key: security_options.TlsKey = None,
) -> None:
    """Show the events, picks and records that a monitor stored, without live input.

    The page is at the address printed, the API below /api/v1, FDSN web services below /fdsnws.
    Runs until stopped by Ctrl-C or SIGTERM.
    """
    from mainshock.serve.data_folder import open_stored
    from mainshock.serve.run import run_service
    from mainshock.stream.run_folder import RunFolder

    guard = (accounts, security, tls_cert, tls_key)
    settings = security_options.service_settings(data_dir, host, port, token_file, guard)
    address = store_options.address_of(store, store_password)
    context = open_stored(RunFolder(data_dir), settings, stations, address)
    try:
        run_service(context, lambda url: say(f"serving {data_dir} at {url}"))
    finally:
        context.store.close()
