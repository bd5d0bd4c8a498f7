"""Write the page of all commands, from the table that the command line is made of.

Usage: python docs/commands.py      (writes docs/commands.md)
"""

from pathlib import Path

from skyclass.cli.app import PANELS, Command

HEAD = """# Commands

Each command calls one function of the [Python interface](api.md) with its arguments and options;
`skyclass COMMAND --help` lists these. `skyclass --quiet COMMAND` prints results and errors only,
`skyclass --verbose COMMAND` logs every step and HTTP request, and commands with an option `--json`
print their result in that format. `skyclass --install-completion` lets the shell complete commands
and options. (`python docs/commands.py` makes this page.)
"""


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *(section(*panel) for panel in PANELS.items())])


def section(title: str, commands: tuple[Command, ...]) -> str:
    """Write the commands of one panel as a table, and their examples."""
    rows = [f"## {title}\n", "| command | function | |", "|---|---|---|"]
    for command in commands:
        summary = command.help.partition("\n")[0]
        functions = ", ".join(f"`{name}`" for name in (command.function, *command.instead))
        rows.append(f"| `{command.name}` | {functions} | {summary} |")
    return "\n".join([*rows, "\n```sh", *(command.example for command in commands), "```\n"])


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
