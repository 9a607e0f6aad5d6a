"""The container image and compose.yaml hold together.  There is no container engine where the tests run, so this reads
the files, and runs the product from exactly the files that the image copies."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from config.settings import Settings
from config.sources import SECRETS, variable

ROOT = Path(__file__).parents[2]
MODULES = ("service", "workers", "scripts.healthcheck")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (INSTRUCTION, rest), continuations joined, comments dropped."""
    text = "\n".join(
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")
    )
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def rests(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copies() -> list[tuple[list[str], str]]:
    """(sources, destination) of each COPY from the build context."""
    found = [shlex.split(rest) for rest in rests("COPY") if not rest.startswith("--from=")]
    return [(words[:-1], words[-1]) for words in found]


def final_stage() -> list[tuple[str, str]]:
    everything = instructions()
    last = max(number for number, (name, _) in enumerate(everything) if name == "FROM")
    return everything[last:]


def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_base_image_names_its_version():
    bases = [rest.split()[0] for rest in rests("FROM")]
    bases += [service["image"] for name, service in compose()["services"].items() if "build" not in service]
    assert bases
    for base in bases:
        name, _, tag = base.partition(":")
        assert re.match(r"\d+\.\d+", tag), f"{name} is not pinned: {base}"
        assert "latest" not in tag


def test_the_image_runs_as_nobody_in_particular():
    users = [rest for name, rest in final_stage() if name == "USER"]
    assert users == ["10001:10001"]
    names = [name for name, _ in final_stage()]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]


def test_every_file_that_is_copied_exists_and_is_let_through():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for sources, _ in copies():
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(source == entry or source.startswith(f"{entry}/") for entry in allowed), source


def test_what_the_image_runs_exists():
    makefile = (ROOT / "Makefile").read_text().replace("$(VENV)", ".venv")
    for rest in rests("RUN"):
        for target in re.findall(r"(?:^|&& )make (\S+)", rest):
            assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), f"no Make target {target}"
    assert json.loads(rests("ENTRYPOINT")[0]) == ["python", "-m"]
    commands = [json.loads(rests("CMD")[0])]
    commands += [service["command"] for service in compose()["services"].values() if "build" in service]
    health = re.search(r"CMD (\[.*\])", rests("HEALTHCHECK")[0])
    assert health
    commands.append(json.loads(health[1])[2:])
    assert {command[0] for command in commands} <= set(MODULES)


def test_the_image_is_built_with_the_python_that_the_locks_are_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    for rest in rests("FROM"):
        assert re.match(r"python:3\.1[1-9]\.", rest)
    assert f"image: ymateb:{project['version']}" in (ROOT / "compose.yaml").read_text()


def test_every_variable_of_image_and_compose_is_an_option():
    known = {variable(name) for name in Settings.model_fields} | {variable(f"{name}_file") for name in SECRETS}
    used = set(re.findall(r"\bYMATEB_[A-Z_]+", (ROOT / "Dockerfile").read_text()))
    for service in compose()["services"].values():
        used |= {name for name in service.get("environment", {}) if name.startswith("YMATEB_")}
    assert used
    assert used <= known


def test_compose_waits_for_what_it_needs():
    services = compose()["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, f"{name} needs {needed}, which is not there"
            if how["condition"] == "service_healthy":
                assert services[needed]["healthcheck"]["test"]
    assert services["service"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["service"]["image"] == services["worker"]["image"] == services["migrate"]["image"]


def test_compose_keeps_what_must_last_in_named_volumes():
    services, volumes = compose()["services"], compose()["volumes"]
    for name in ("redis", "postgres", "service", "worker"):
        [mount] = services[name]["volumes"]
        assert mount.split(":")[0] in volumes
    redis = services["redis"]["command"]
    assert redis[redis.index("--appendonly") + 1] == "yes"
    assert redis[redis.index("--appendfsync") + 1] == "always"


@pytest.fixture
def as_in_the_image(tmp_path) -> Path:
    """A folder with the files that the final stage copies, and nothing else."""
    app = tmp_path / "app"
    for name, rest in final_stage():
        if name == "COPY" and not rest.startswith("--from="):
            *sources, destination = shlex.split(rest)
            for source in sources:
                target = app / destination / Path(source).name if destination.endswith("/") else app / destination
                target.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / source, target)
    return app


@pytest.mark.parametrize(
    "command", [["service", "migrate"], ["service", "site", "list"], ["workers", "--help"]], ids=" ".join
)
def test_the_files_of_the_image_are_enough(as_in_the_image, tmp_path, command):
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=as_in_the_image,
        env={"PATH": "/usr/bin:/bin", "YMATEB_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_healthcheck_says_no_when_nobody_listens(as_in_the_image):
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.healthcheck"],
        cwd=as_in_the_image,
        env={"PATH": "/usr/bin:/bin", "YMATEB_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("/healthz: ConnectionRefusedError")
