"""`make` and its scripts say what they do, and what is missing when something is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = ("help", "setup", "run", "test", "fuzz", "test-peers", "check", "bench", "screenshots", "image", "lock")


def script(name: str, *arguments: str, path: str = "/usr/bin:/bin", **variables: str) -> subprocess.CompletedProcess:
    """Runs one of scripts/ with nothing but this environment."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / name), *arguments],
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def programs(tmp_path):
    """A folder for PATH with stand-ins for programs.  Plain files, never links: a link would be written through."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(name: str, text: str) -> str:
        program = folder / name
        assert not program.is_symlink()
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        return str(folder)

    for name in ("grep", "id"):
        put(name, f'exec {shutil.which(name)} "$@"')
    return put


def test_help_lists_every_target_with_what_it_does():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = dict(re.findall(r"^  make ([\w-]+) +(.+)$", said, re.MULTILINE))
    assert set(TARGETS) <= set(listed)
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == set(listed)


def test_without_a_python_it_says_so(programs, tmp_path):
    path = programs("python3", "exit 1")
    ran = script("venv.sh", str(tmp_path / "venv"), "requirements/runtime.lock", path=path)
    assert ran.returncode != 0
    assert ran.stderr.startswith("Ymateb needs Python >= 3.11, and none is on PATH")


def test_an_old_python_will_not_do(programs, tmp_path):
    path = programs("python3", 'case "$2" in *version_info*) exit 1;; esac; exit 0')
    ran = script("venv.sh", str(tmp_path / "venv"), "requirements/runtime.lock", path=path)
    assert ran.stderr.startswith("Ymateb needs Python >= 3.11")


def test_a_python_without_ensurepip_names_debians_package(programs, tmp_path):
    stand_in = 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac; exit 0'
    path = programs("python3", stand_in)
    ran = script("venv.sh", str(tmp_path / "venv"), "requirements/runtime.lock", path=path)
    assert ran.returncode != 0
    assert "python3 cannot make a virtual environment: it has no ensurepip" in ran.stderr
    assert "apt-get install python3.12-venv" in ran.stderr


def test_a_python_that_was_asked_for_and_is_none_is_named(tmp_path):
    ran = script("venv.sh", str(tmp_path / "venv"), "requirements/runtime.lock", PYTHON="/no/python")
    assert ran.stderr == "PYTHON=/no/python is no Python >= 3.11 that runs\n"


def test_a_browser_that_is_there_will_do(programs):
    ran = script("browser.sh", path=programs("google-chrome", "exit 0"))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_without_a_browser_and_rights_it_says_what_is_missing(programs):
    path = programs("id", "echo 1000")
    ran = script("browser.sh", path=path)
    assert ran.returncode == 1
    assert "install chromium" in ran.stderr


@pytest.mark.parametrize("name", ["browser.sh", "peers.sh"])
def test_on_debian_it_installs_with_patience_and_looks_whether_that_helped(programs, tmp_path, name):
    programs("tr", f'exec {shutil.which("tr")} "$@"')
    programs("id", "echo 0")
    path = programs("apt-get", f'echo "$*" >> {tmp_path}/asked')
    ran = script(name, path=path)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [re.search(r" (update|install) ", line)[1] for line in asked] == ["update", "install"]
    assert all("-o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 " in line for line in asked)
    assert ran.returncode == 1, "nothing came"
    assert "need" in ran.stderr


def test_without_wordpress_and_rights_it_names_each_package_that_is_missing(programs):
    programs("tr", f'exec {shutil.which("tr")} "$@"')
    path = programs("id", "echo 1000")
    ran = script("peers.sh", path=path)
    assert ran.returncode == 1
    assert "php-cli php-mysql php-xml mariadb-server-core mariadb-client" in ran.stderr
    assert "as root on Debian" in ran.stderr


def test_tests_of_real_peers_run_when_they_are_asked_for_only():
    line = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/interop/peers"]
    run = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert "test_wordpress" not in run(line).stdout
    assert "test_wordpress" in run([*line, "-m", "real_peers"]).stdout


@pytest.mark.parametrize(("lock", "at_least"), [("runtime", 31), ("dev", 31), ("isso", 10)])
def test_every_locked_package_has_hashes_and_names_no_registry(lock, at_least):
    text = (ROOT / f"requirements/{lock}.lock").read_text()
    packages = re.findall(
        r"^[a-z0-9][^\n]*==[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE
    )
    assert len(packages) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) >= at_least
    assert "http" not in re.sub(r"^(aiohttp|httpx|httpcore|.*#).*$", "", text, flags=re.MULTILINE)


def test_continuous_integration_runs_check_and_test():
    text = (ROOT / ".ci/run").read_text()
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert re.findall(r"^make (\w+)$", text, re.MULTILINE) == ["check", "test"]
    assert re.search(r"^export CI=true\b", text, re.MULTILINE), "examples are the same on every run"
