"""The cloud: formatted, valid against the provider it is pinned to, and without secrets."""

import os
import re
import shutil
from pathlib import Path

import pytest

PROVIDER = "hashicorp/aws"
PLATFORM = "linux_amd64"


@pytest.fixture(scope="module")
def folder(deploy):
    return deploy / "terraform" / "aws"


@pytest.fixture(scope="module")
def terraform():
    """The program; no package of a registry brings it, so that its absence skips everywhere."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not installed, and no package registry has it")
    return found


@pytest.fixture(scope="module")
def version(folder):
    text = (folder / "versions.tf").read_text(encoding="utf-8")
    found = re.search(r'source\s+= "hashicorp/aws"\s+version = "([\d.]+)"', text)
    assert found is not None, "the provider is not pinned to one version"
    return found[1]


@pytest.fixture(scope="module")
def mirror(version):
    """A folder with the provider in it: named by TERRAFORM_MIRROR, or where such folders are."""
    named = os.environ.get("TERRAFORM_MIRROR")
    tops = [Path(named)] if named else [*Path("/opt").glob("*"), *Path("/usr/share").glob("*/*")]
    for top in tops:
        if any(top.glob(f"*/{PROVIDER}/{version}/{PLATFORM}")):
            return top
    pytest.skip(f"no mirror holds {PROVIDER} {version}; name one by TERRAFORM_MIRROR")


def test_files_are_formatted(terraform, run, folder):
    result = run(terraform, "fmt", "-check", "-diff", folder)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_configuration_is_valid(terraform, run, folder, mirror, tmp_path):
    copy = tmp_path / "aws"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    config = tmp_path / "terraformrc"
    config.write_text(f'provider_installation {{\n filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
    environment = {
        **os.environ,
        "TF_CLI_CONFIG_FILE": str(config),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }
    made = run(
        terraform, f"-chdir={copy}", "init", "-backend=false", "-input=false", env=environment
    )
    assert made.returncode == 0, made.stdout + made.stderr
    result = run(terraform, f"-chdir={copy}", "validate", "-no-color", env=environment)
    assert result.returncode == 0, result.stdout + result.stderr


def test_terraform_is_one_that_knows_what_the_backend_asks_for(folder):
    text = (folder / "versions.tf").read_text(encoding="utf-8")
    assert re.search(r"use_lockfile\s+= true", text)
    found = re.search(r'required_version = ">= (\d+)\.(\d+)', text)
    assert found is not None
    assert (int(found[1]), int(found[2])) >= (1, 10)  # the first with use_lockfile


def test_no_other_provider_is_asked_for(folder):
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
    kinds = set(re.findall(r'^(?:resource|data) "([a-z]+)_', text, re.MULTILINE))
    assert kinds == {"aws"}
    assert re.findall(r'source\s+= "(.*)"', text) == [PROVIDER]


def test_network_is_the_one_that_the_cluster_s_policies_name(folder, deploy):
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    found = re.search(r'variable "cidr" \{.*?default\s+= "(.*?)"', text, re.DOTALL)
    overlay = deploy / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    assert found is not None
    assert set(re.findall(r"cidr, value: (\S+) }", overlay.read_text())) == {found[1]}


def test_network_is_the_one_whose_controller_the_service_believes(folder, deploy):
    text = (folder / "variables.tf").read_text(encoding="utf-8")
    found = re.search(r'variable "cidr" \{.*?default\s+= "(.*?)"', text, re.DOTALL)
    overlay = deploy / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    told = re.findall(r"MAINSHOCK_TRUSTED_PROXIES, value: (\S+) }", overlay.read_text())
    assert found is not None
    assert told == [found[1]]


def test_nothing_of_a_machine_or_an_account_is_kept(folder):
    kept = {path.name for path in folder.iterdir()} - {".gitignore", ".terraform"}
    assert not [name for name in kept if "tfstate" in name or "lock.hcl" in name]
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf*"))
    assert re.findall(r"\b\d{12}\b", text) == []
    assert re.findall(r"AKIA\w+", text) == []
