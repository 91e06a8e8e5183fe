"""No finding of a security scan stays open, and each that does not count says why."""

import json
import os
import re

import pytest

MOST_SUPPRESSED = 15
PATIENT = {"HCL_PARSE_TIMEOUT_SEC": "200"}  # a file that takes longer would be left out


@pytest.fixture(scope="module")
def checkov(program, deploy):
    """The scanner, which has an environment of its own: it pins half of what we use."""
    own = deploy.parent / ".venv-checkov" / "bin"
    return program("checkov", "run `make setup`, which puts it into .venv-checkov", own)


def suppressions(deploy):
    """Each suppression with the text behind it."""
    found = []
    for path in deploy.rglob("*"):
        if path.is_file() and ".terraform" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += re.findall(r"checkov:skip=(\w+):?(.*)", text)
            found += re.findall(r"checkov\.io/skip\d+: (\w+)=?(.*)", text)
    return found


@pytest.mark.slow
def test_scan_finds_nothing(checkov, run, deploy, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "LOG_LEVEL": "ERROR"} | PATIENT
    result = run(
        *(checkov, "--skip-download", "--quiet", "--compact", "--output", "json"),
        *("--directory", deploy, "--skip-path", r"\.terraform"),
        env=environment,
        timeout=280,
    )
    reports = json.loads(result.stdout)
    failed = [
        f"{one['check_id']} {one['resource']} {one['file_path']}"
        for report in reports
        for one in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert {report["check_type"] for report in reports} >= {"dockerfile", "kubernetes", "terraform"}
    assert all(report["summary"]["parsing_errors"] == 0 for report in reports)
    assert sum(report["summary"]["passed"] for report in reports) > 1000
    assert sum(report["summary"]["skipped"] for report in reports) <= MOST_SUPPRESSED


def test_suppressions_are_few_and_say_why(deploy):
    found = suppressions(deploy)
    assert len(found) <= MOST_SUPPRESSED
    assert [name for name, why in found if len(why.split()) < 5] == []
