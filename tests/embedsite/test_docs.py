"""The documents say what the code does."""

import json
import re
import tomllib
from argparse import Action
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

import run
from tests.factories import UserFactory

ROOT = Path(settings.BASE_DIR)
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = ("collections_app", "search_app", "rag_app", "embedsite")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def own_commands() -> dict[str, str]:
    return {name: app for name, app in get_commands().items() if app in ROOMS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_readme_names_every_target_and_no_other():
    told = re.findall(
        r"^\| `make ([\w-]+)` \| `python3 run\.py ([\w-]+)` \|", read("README.md"), re.M
    )
    listed = re.findall(r"^python3 run\.py ([\w-]+)", run.__doc__, re.M)
    assert sorted(told) == sorted((verb, verb) for verb in listed if verb != "build")
    assert set(listed) <= set(read("Makefile").replace(":", " ").split())


def test_commands_that_the_documents_use_exist():
    pattern = r"(?:manage\.py|^ {4}site) ([a-z_]+)"
    for page in PAGES:
        used = re.findall(pattern, page.read_text(encoding="utf-8"), re.M)
        assert set(used) <= set(get_commands()), page.name


def test_command_line_page_has_every_command_with_its_options():
    sections = dict(
        re.findall(r"^## `(\w+)[^\n]*\n(.*?)(?=^## |\Z)", read("docs/command-line.md"), re.M | re.S)
    )
    assert set(sections) == set(own_commands()) - {"compilemessages"}
    for name, text in sections.items():
        for action in options(name):
            assert f"`{action.option_strings[-1]}" in text, (name, action.option_strings[-1])


def options(name: str) -> list[Action]:
    """The options of a command of ours, without those that all of Django's have."""
    command = load_command_class(own_commands()[name], name)
    parser = command.create_parser("manage.py", name)
    shared = BaseCommand().create_parser("manage.py", "any")
    common = {string for action in shared._actions for string in action.option_strings}
    return [
        action
        for action in parser._actions
        if action.option_strings and not common.intersection(action.option_strings)
    ]


def test_api_page_lists_every_operation_of_the_schema():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operations = {
        (method.upper(), path)
        for path, item in json.loads(json.dumps(schema, default=str))["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    }
    told = re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S+)` \|", read("docs/api.md"), re.M)
    assert sorted(told) == sorted(operations)


@pytest.mark.django_db
def test_json_examples_of_the_api_page_are_taken(client):
    client.force_login(UserFactory())
    examples = re.findall(
        r"^ {4}curl [^\n]*json' \$API(\S+)(?: \\\n\s+| )-d '(.*?)'$", read("docs/api.md"), re.M
    )
    made = None
    for path, body in examples:
        address = "/api" + path.replace("$ID", str(made))
        response = client.post(address, body, content_type="application/json")
        assert response.status_code == 201, (path, response.text)
        made = made or response.json()["id"]
    assert [path for path, _ in examples] == [
        "/collections/",
        "/collections/$ID/documents/",
        "/questions/",
    ]


@pytest.mark.parametrize("source", ["requirements.txt", "requirements-dev.txt"])
def test_every_python_dependency_has_its_reason(source):
    told = read("docs/dependencies.md")
    names = re.findall(r"^([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?==", read(source), re.M)
    assert len(names) > 10
    assert [
        name for name in names if not re.search(rf"(?m)^\|.*\b{re.escape(name)}\b.*\|", told)
    ] == []


def test_every_browser_dependency_has_its_reason():
    package = json.loads(read("package.json"))
    told = read("docs/dependencies.md")
    names = [*package["dependencies"], *package["devDependencies"]]
    assert [name for name in names if name not in told] == []


def test_changelog_begins_with_this_version():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    [first, *_] = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.M)
    assert first == version == json.loads(read("package.json"))["version"]
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == version
