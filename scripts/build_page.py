"""Build the web page into the package: ``build_page.py``, or ``--schema`` for its API types.

Needs Node.js; without it the service works and says why there is no page. Nothing is done while
the page that lies there was built from the same sources.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
ASSETS = ROOT / "src" / "mainshock" / "serve" / "page_assets"
OPENAPI_WRITER = ("-m", "mainshock.serve.openapi")
STAMP = ASSETS / "sources.sha256"
OLDEST_NODE = (20, 19)
NPM_QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


def say(text: str) -> None:
    """Tell the reader of the terminal."""
    sys.stderr.write(f"page: {text}\n")


def sources_sha256() -> str:
    """Return the checksum of everything that the page is made of."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        name = path.relative_to(WEB)
        if path.is_file() and name.parts[0] not in ("node_modules", "openapi.json"):
            digest.update(f"{name}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def missing_node() -> str | None:
    """Return what is wrong with Node.js, or None."""
    oldest = ".".join(str(part) for part in OLDEST_NODE)
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return f"Node.js {oldest} or newer with npm was not found"
    told = subprocess.run(  # noqa: S603 - Node.js of this machine, without input
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = told.strip().lstrip("v").split(".")
    if not found[0].isdigit() or tuple(int(part) for part in found[:2]) < OLDEST_NODE:
        return f"Node.js is {told.strip() or 'unknown'}; {oldest} or newer is needed"
    return None


def npm(*arguments: str) -> int:
    """Run npm in the page's folder, with its talk on stderr."""
    program = shutil.which("npm") or "npm"
    return subprocess.run(  # noqa: S603 - the arguments stand in this file
        [program, *arguments], cwd=WEB, stdout=sys.stderr, check=False
    ).returncode


def install() -> int:
    """Install what the lock file names, unless it is there already."""
    lock, installed = WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return 0
    say("installing what it is built with")
    return npm("ci", *NPM_QUIET)


def build() -> int:
    """Build the page where its sources have changed; without Node.js say so, and succeed."""
    checksum = sources_sha256()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8").strip() == checksum:
        return 0
    problem = missing_node()
    if problem is not None:
        say(f"{problem}: the service will have no page. All else works.")
        return 0
    status = install() or npm("run", "--silent", "build")
    if status == 0:
        STAMP.write_text(f"{checksum}\n", encoding="utf-8")
    else:
        say("it could not be built (see above); the service will have no page. All else works.")
    return status


def write_schema() -> int:
    """Write the types of the API that the page is checked against."""
    problem = missing_node()
    if problem is not None:
        say(problem)
        return 1
    program = [sys.executable, *OPENAPI_WRITER, str(WEB / "openapi.json")]
    status = subprocess.run(program, check=False).returncode  # noqa: S603 - our own program
    return status or install() or npm("run", "--silent", "schema")


def main() -> int:
    """Build the page, or write the types."""
    if sys.argv[1:] == ["--schema"]:
        return write_schema()
    if sys.argv[1:]:
        say("the only option is --schema")
        return 2
    return build()


if __name__ == "__main__":
    sys.exit(main())
