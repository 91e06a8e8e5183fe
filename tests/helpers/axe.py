"""axe-core in a page of a test: which rules of accessibility it breaks."""

from typing import TYPE_CHECKING, Any

from tools_at_hand import ROOT, absent

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["violations"]

_FILE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """tags => axe.run(
  document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"""


def violations(page: "Page") -> list[tuple[str, list[str]]]:
    """Return what axe-core finds: the rule, and the elements that break it."""
    if not _FILE.is_file():
        absent("axe-core is missing; run `make web`")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_FILE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(_RUN, _TAGS)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
