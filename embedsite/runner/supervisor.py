"""The supervisor (supervisord) and the processes that it keeps alive.

Its file names every path relative to `var/`, its working folder, and finds Python through PATH:
so no path with a space, a quote or a % has to be quoted for it.
"""

import os
import subprocess
import sys
from pathlib import Path

MARK = "EMBEDSITE_SITE"  # in the environment of all our processes: whose they are
STOP_SECONDS = 20

_PROGRAM = """
[program:{name}]
command={python} -m {command}
autorestart=true
startretries=1000000
stopwaitsecs={patience}
killasgroup=true
redirect_stderr=true
stdout_logfile=log/{name}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=3
"""

_HEAD = """; Written by `manage.py runsite` at each start.
[supervisord]
nodaemon=true
silent=true
pidfile=run/supervisord.pid
logfile=log/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
childlogdir=log

[group:site]
programs=web,worker,urgent,beat
"""

# A search of MAX_QUERY_CHARS characters is up to twelve times as long in an address, so that the
# limit of the request line is that of gunicorn's buffer, 1 MB.
WEB = (
    "gunicorn embedsite.wsgi --bind 127.0.0.1:{port} --worker-class gthread --workers 1 "
    "--threads 64 --timeout 120 --graceful-timeout 5 --limit-request-line 0 "
    "--no-control-socket"
)
# A child of the worker is renewed now and then, so that no leak can grow for long. It is not
# signalled with its parent (no stopasgroup): it finishes and commits the batch it works on.
_CELERY = "celery -A embedsite worker --without-gossip --without-mingle --loglevel info"
WORKER = f"{_CELERY} -Q celery --concurrency 2 --max-tasks-per-child 500 -n worker@%%h"
# Its child is renewed sooner: it has loaded models that were only tried.
URGENT = f"{_CELERY} -Q urgent --concurrency 1 --max-tasks-per-child 50 -n urgent@%%h"
BEAT = "celery -A embedsite beat --pidfile= --loglevel info"


def configuration(port: int) -> str:
    """The text of supervisord.conf for a site on this port."""
    head = _HEAD + ("user=root\n" if os.geteuid() == 0 else "")
    programs = [
        ("web", WEB.format(port=port), 10),
        ("worker", WORKER, STOP_SECONDS),
        ("urgent", URGENT, STOP_SECONDS),
        ("beat", BEAT, 10),
    ]
    python = Path(sys.executable).name
    return head + "".join(
        _PROGRAM.format(name=name, python=python, command=command, patience=patience)
        for name, command, patience in programs
    )


def environment(base: Path, var: Path) -> dict[str, str]:
    """What the site's processes find in their environment."""
    python = str(Path(sys.executable).parent)
    return os.environ | {
        MARK: str(var),
        "EMBEDSITE_VAR": str(var),
        "PATH": os.pathsep.join([python, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(base),
        "PYTHONUNBUFFERED": "1",
    }


def start(base: Path, var: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the supervisor and, through it, the site's processes."""
    (var / "run").mkdir(exist_ok=True)
    (var / "run" / "supervisord.conf").write_text(configuration(port))
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", "run/supervisord.conf"],
        cwd=var,
        env=environment(base, var),
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the runner alone, which then stops the others
    )
