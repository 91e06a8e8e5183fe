"""Ask the service of this container how it is: ``probe.py [PATH]``, by default ``/healthz``.

Ends with 0 where the answer is 200, else with 1 and the reason on stderr. ``MAINSHOCK_PORT`` names
the port (8765), ``MAINSHOCK_TOKEN_FILE`` the file of the token, which all paths but ``/healthz``
ask for. The standard library alone, so that a probe costs a few milliseconds.
"""

import http.client
import os
import sys
from contextlib import closing
from pathlib import Path

__all__ = ["main"]

_PORT = "8765"
_TIMEOUT_S = 4.0
_LONGEST_REASON = 300


def main(path: str = "/healthz") -> int:
    """Return 0 if the service answers a path by 200, else 1."""
    headers = {}
    token_file = os.environ.get("MAINSHOCK_TOKEN_FILE")
    try:
        if token_file and path != "/healthz":
            token = Path(token_file).read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        port = int(os.environ.get("MAINSHOCK_PORT") or _PORT)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
        with closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read(_LONGEST_REASON).decode("utf-8", errors="replace")
            answer.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        sys.stderr.write(f"{path}: no answer: {error}\n")
        return 1
    if answer.status == http.client.OK:
        return 0
    sys.stderr.write(f"{path}: {answer.status} {body}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
