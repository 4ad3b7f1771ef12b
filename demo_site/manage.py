"""Django's command line for the demo: `python -m demo_site.manage <command>` from the repository root."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the management command in `sys.argv` with the demo's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_site.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
