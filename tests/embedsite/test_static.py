"""Static files as the site itself serves them: hashed, compressed, complete."""

import re
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

NAMED = re.compile(r"""(?:\{% static ['"]|\bstatic\(")([^'"]+)['"]""")
needs_bundle = pytest.mark.skipif(
    not finders.find("dist/app.js"), reason="The browser parts are not built: python3 run.py build"
)


def named() -> set[str]:
    """Every static file that our templates and code name."""
    base = Path(settings.BASE_DIR)
    sources = [
        *base.glob("*/templates/**/*.html"),
        *base.glob("*_app/**/*.py"),
        *base.glob("embedsite/**/*.py"),
    ]
    return {name for source in sources for name in NAMED.findall(source.read_text())}


@needs_bundle
def test_static_files_that_pages_name_exist():
    assert {"dist/app.js", "dist/style.css", "dist/icons.svg"} <= named()
    assert sorted(name for name in named() if not finders.find(name)) == []


@needs_bundle
@pytest.mark.slow
def test_static_files_are_collected_with_hashed_names(tmp_path):
    storages = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
        storage = CompressedManifestStaticFilesStorage()
        urls = {name: storage.url(name) for name in named()}
    for name, url in urls.items():
        assert re.fullmatch(r"/static/.+\.[0-9a-f]{12}\.\w+", url), name
        assert (tmp_path / url.removeprefix("/static/")).exists()
    style = tmp_path / urls["dist/style.css"].removeprefix("/static/")
    assert style.with_name(style.name + ".gz").exists()


@needs_bundle
def test_live_server_serves_the_bundle(live_server):
    with urlopen(f"{live_server.url}/static/dist/style.css") as response:
        assert response.headers["Content-Type"].startswith("text/css")


@needs_bundle
def test_bundle_loads_nothing_from_elsewhere():
    style = Path(finders.find("dist/style.css")).read_text()
    assert re.findall(r"url\(\s*[\"']?(?:https?:)?//", style) == []
    script = Path(finders.find("dist/app.js")).read_text()
    assert "import(" not in script
