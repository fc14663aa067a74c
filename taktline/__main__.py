"""The command line: `taktline demo | edge | cloud | sim | floor`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Taktline connects the signal on the shop floor to the customer's order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
edge_app = typer.Typer(help="The gateway that reads machines.", no_args_is_help=True)
cloud_app = typer.Typer(help="The service that stores, computes and shows.", no_args_is_help=True)
sim_app = typer.Typer(help="Simulated machines behind real protocol servers.", no_args_is_help=True)
app.add_typer(edge_app, name="edge")
app.add_typer(cloud_app, name="cloud")
app.add_typer(sim_app, name="sim")

# Every command imports what it needs when it runs: an edge-only install has no cloud.
# ruff: noqa: PLC0415


@edge_app.command("check")
def edge_check(file: Annotated[Path, typer.Argument(help="the gateway's TOML file")]) -> None:
    """Validate a gateway's configuration without touching any machine."""
    from edge.__main__ import check

    raise typer.Exit(check(file))


@edge_app.command("run")
def edge_run(file: Annotated[Path, typer.Argument(help="the gateway's TOML file")]) -> None:
    """Run a gateway until SIGTERM or Ctrl-C."""
    from edge.__main__ import run

    raise typer.Exit(run(file))


def main() -> None:
    """Run the command line."""
    app(prog_name="taktline", args=sys.argv[1:])


if __name__ == "__main__":
    main()
