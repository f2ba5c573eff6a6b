"""The reference tool's command lines as they stand: `llm embed-multi notes rows.csv --store`."""

from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from collections_app.management.options import usage

# The words after `llm`, and our command with the words before what follows.
COMMANDS = {
    ("embed",): ["embed"],
    ("embed-multi",): ["embed_multi"],
    ("similar",): ["similar"],
    ("cluster",): ["cluster"],
    ("collections",): ["collections"],
    ("embed-models",): ["embed_models"],
    ("aliases", "set"): ["embed_models", "alias"],
    ("aliases", "remove"): ["embed_models", "unalias"],
}


class Command(BaseCommand):
    help = "Run a command line of the llm tool: what it says after the word llm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("words", nargs=REMAINDER, help="such as: embed-multi notes rows.csv")

    def run_from_argv(self, argv: list[str]) -> None:
        """Hands over to the command of ours, which prints and exits as when called itself."""
        for words, ours in COMMANDS.items():
            if tuple(argv[2 : 2 + len(words)]) == words:
                name, *before = ours
                command = load_command_class(str(get_commands()[name]), name)
                command.run_from_argv([argv[0], name, *before, *argv[2 + len(words) :]])
                return
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        known = ", ".join(" ".join(words) for words in COMMANDS)
        raise usage(f"No such command here: {' '.join(options['words'])}. There are: {known}.")
