"""Takes the pictures of the page for docs/images/page: those that its tests see.

Run with ``python scripts/take_page_pictures.py`` where the page is built; takes some minutes. Look
at each before keeping it. ``--from FOLDER`` takes pictures that tests have kept already.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "images" / "page"
TESTS = ROOT / "tests" / "serve" / "page"
# what a picture is called in the docs, what its test calls it, and how much of it is shown
PICTURES = {
    "live-hundred": ("live-hundred", 900),
    "curves": ("curves", 900),
    "map": ("map-shown", 1000),
    "wavefronts": ("wavefronts", 1000),
    "map-shaking": ("map-shaking", 1300),
    "event": ("event", 2200),
    "review": ("review-1440-light", 2600),
    "why-a-pick": ("why-a-pick", 900),
    "why-a-segment": ("context-en", 2000),
    "health": ("health", 1100),
    "station": ("station", 1900),
    "replay": ("replay", 1300),
    "audit": ("audit", 500),
    "german": ("viewer-german-dark", 1400),
    "alerts": ("alerts", 500),
}
_COLOURS, _WIDEST_PX = 256, 1200


def main() -> None:
    """Run the tests, and keep what they saw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, help="where tests kept pictures")
    chosen = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = chosen.folder or Path(name)
        if chosen.folder is None:
            run_tests(folder)
        missing = [name for name, (seen, _) in PICTURES.items() if not keep(folder, seen, name)]
    if missing:
        raise SystemExit(f"no test kept a picture for {', '.join(missing)}")


def run_tests(folder: Path) -> None:
    """Run all tests of the page, which keep pictures in a folder."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-m",
        "slow or not slow",
        str(TESTS),
    ]
    environment = {**os.environ, "MAINSHOCK_SCREENSHOTS": str(folder)}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - tests of this repository


def keep(folder: Path, seen: str, name: str) -> bool:
    """Write the upper part of a picture with few colours, and return whether it was there."""
    path = folder / f"{seen}.png"
    if not path.is_file():
        return False
    picture = Image.open(path).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, PICTURES[name][1])))
    if picture.width > _WIDEST_PX:
        height = round(picture.height * _WIDEST_PX / picture.width)
        picture = picture.resize((_WIDEST_PX, height), Image.Resampling.LANCZOS)
    KEPT.mkdir(parents=True, exist_ok=True)
    few = picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE)  # keeps colours of small things
    few.save(KEPT / f"{name}.png", optimize=True)
    return True


if __name__ == "__main__":
    main()
