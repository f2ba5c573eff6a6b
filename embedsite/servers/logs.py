"""The servers' logs: kept small, and quoted in the messages of what went wrong."""

from pathlib import Path

from embedsite.servers.errors import ServerError

LIMIT = 5 * 1024 * 1024  # bytes


def keep_small(log: Path) -> None:
    """Put a grown log aside as `<name>.1`; called while its server is down."""
    if log.exists() and log.stat().st_size > LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented, to be put under an error message."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    last = text.strip().splitlines()[-lines:]
    return f"\nThe end of {log}:\n" + "\n".join(f"  {line}" for line in last) if last else ""


def failed(what: str, log: Path) -> ServerError:
    """A ServerError for a server that did not start, with the likely cause named."""
    end = tail(log)
    remedy = ""
    if "No space left on device" in end:
        remedy = " The disk is full: free some space and start again."
    elif "could not resize shared memory" in end or "could not map anonymous" in end:
        remedy = " The machine has too little free (shared) memory for it."
    return ServerError(f"{what}.{remedy}{end}")
