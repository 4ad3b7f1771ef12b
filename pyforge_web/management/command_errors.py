"""The errors of commands."""

from django.core.management.base import CommandError

from pyforge_web.conf import docs_url


def command_error(message: str, command: str = "") -> CommandError:
    """Return the error of a command, with the address of the command's section in the documentation.

    The address is in the text, because `manage.py` prints the text and no notes.
    """
    address = docs_url("commands", command.replace("_", "-"))
    return CommandError(f"{message}\nSee {address}" if address else message)
