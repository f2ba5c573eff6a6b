"""Every setting is documented, and bad ones are told from good ones."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core import checks

from embedsite.checks import chat, database, email, hosts
from embedsite.runner import ports

ROOT = Path(settings.BASE_DIR)
READ_ELSEWHERE = {"PORT": ports.FIRST}


def defaults() -> dict[str, object]:
    """`{variable: default}` of each `env.kind("VARIABLE", default)` in the settings."""
    tree = ast.parse((ROOT / "embedsite" / "settings.py").read_text())
    found: dict[str, object] = dict(READ_ELSEWHERE)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("env")), args=[ast.Constant(name), default]
            ):
                found[name] = eval(compile(ast.Expression(default), name, "eval"), {})
    return found


def in_words(default: object) -> str:
    """As one writes it into `.env`."""
    if isinstance(default, list):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_settings_page_lists_exactly_the_settings_read():
    listed = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.M)
    assert sorted(listed) == sorted(defaults())


def test_env_example_lists_exactly_the_settings_read_with_their_defaults():
    lines = re.findall(r"^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)
    assert dict(lines) == {name: in_words(default) for name, default in defaults().items()}
    assert len(lines) == len(defaults())


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_production_settings_pass_the_deployment_check():
    key = "k3!" * 20 + "a-long-and-random-enough-key-for-a-check"
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING",
        HTTPS="true", SECRET_KEY=key, ALLOWED_HOSTS="notes.example.org",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
        "",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_UPLOAD_BYTES", "-1"),
        ("LEASE_SECONDS", "soon"),
        ("EMBED_ENGINE", "abacus"),
        ("THROTTLE_ASK", "many"),
        ("LOG_LEVEL", "loud"),
        ("CURRENCY", "two words"),
    ],
)
def test_a_value_that_makes_no_sense_stops_the_start_and_is_named(name, value):
    done = manage("check", **{name: value})
    assert done.returncode != 0
    assert f'Environment variable "{name}" invalid' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "model", "expected"),
    [
        ("", "", []),
        ("http://127.0.0.1:8080/v1", "small", []),
        ("", "small", ["embedsite.E001"]),
        ("http://127.0.0.1:8080/v1", "", ["embedsite.E001"]),
        ("127.0.0.1:8080/v1", "small", ["embedsite.E002"]),
        ("http://[bad", "small", ["embedsite.E002"]),
    ],
)
def test_chat_server_and_model_go_together(settings, url, model, expected):
    settings.CHAT_BASE_URL, settings.CHAT_MODEL = url, model
    assert [message.id for message in chat()] == expected
    assert chat in checks.registry.registry.get_checks()


def test_only_postgresql_will_do(monkeypatch):
    assert database() == []
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert [message.id for message in database()] == ["embedsite.E003"]


def test_a_site_for_others_needs_a_name_of_its_own(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    assert [message.id for message in hosts()] == ["embedsite.W001"]
    settings.ALLOWED_HOSTS = ["localhost", "notes.example.org"]
    assert hosts() == []


@pytest.mark.parametrize(
    ("host", "address", "found"),
    [
        ("", "", []),
        ("mail.example.org", "", ["embedsite.W002"]),
        ("mail.example.org", "notes.example.org", ["embedsite.W002"]),
        ("mail.example.org", "https://notes.example.org", []),
    ],
)
def test_links_in_emails_need_the_address_of_the_site(settings, host, address, found):
    settings.EMAIL_HOST, settings.SITE_URL = host, address
    assert [message.id for message in email()] == found
