"""The command line: `taktline demo | floor | edge | cloud | sim`."""

import os
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[1]
DEMO_PLANT = ROOT / "simulators" / "plants" / "demo.toml"
UI_DIR = ROOT / "cloud" / "ui" / "dist"

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

PlantOption = Annotated[Path, typer.Option("--plant", help="plant file (TOML)")]
SeedOption = Annotated[int, typer.Option(help="chooses the simulated world")]
SpeedOption = Annotated[float, typer.Option(min=0.1, max=120.0, help="plant seconds per real second")]
BrokerOption = Annotated[str, typer.Option(help="auto, mosquitto or amqtt")]


@app.command()
def demo(  # noqa: PLR0913 -- one parameter for each option of the command
    *,
    headless: Annotated[bool, typer.Option("--headless", help="no browser, no history; judged")] = False,
    minutes: Annotated[float, typer.Option(min=0.05, help="headless: real minutes to run")] = 2.0,
    speed: SpeedOption = 60.0,
    seed: SeedOption = 7,
    as_json: Annotated[bool, typer.Option("--json", help="headless: one JSON line last")] = False,
    sabotage: Annotated[
        str | None, typer.Option(help="headless: damage the stores first: drop, duplicate, count or state")
    ] = None,
    host: Annotated[str, typer.Option(help="where the web app listens")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="its port")] = 8080,
    broker: BrokerOption = "auto",
    plant: PlantOption = DEMO_PLANT,
    keep: Annotated[Path | None, typer.Option(help="headless: keep the run's data here")] = None,
) -> None:
    """Run a simulated plant, its gateways and the cloud on this computer."""
    if not headless:
        from taktline.demo import DemoOptions, run_demo

        ui = UI_DIR if (UI_DIR / "index.html").exists() else None
        options = DemoOptions(plant, host, port, speed=speed, seed=seed, broker=broker, ui_dir=ui)
        raise typer.Exit(run_demo(options))
    from taktline.headless import headless as run_headless
    from taktline.headless import print_report
    from taktline.sabotage import SABOTAGE

    if sabotage is not None and sabotage not in SABOTAGE:
        raise typer.BadParameter(f"{sabotage!r}; accepted: {', '.join(SABOTAGE)}", param_hint="--sabotage")
    report, truthful = run_headless(
        plant, seed=seed, minutes=minutes, speed=speed, sabotage=sabotage, broker=broker, keep=keep
    )
    print_report(report, as_json=as_json)
    raise typer.Exit(0 if truthful else 1)


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


@cloud_app.command("serve")
def cloud_serve() -> None:
    """Run the cloud service; its settings are TAKTLINE_* variables (docs/settings.md)."""
    from cloud.__main__ import serve

    if "TAKTLINE_UI_DIR" not in os.environ and (UI_DIR / "index.html").exists():
        os.environ["TAKTLINE_UI_DIR"] = str(UI_DIR)
    raise typer.Exit(serve())


@cloud_app.command("migrate")
def cloud_migrate() -> None:
    """Bring the relational database to the present schema."""
    from cloud.__main__ import migrate

    raise typer.Exit(migrate())


@cloud_app.command("openapi")
def cloud_openapi() -> None:
    """Print the API's OpenAPI document as JSON."""
    from cloud.__main__ import openapi

    raise typer.Exit(openapi())


@sim_app.command("plant", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sim_plant(context: typer.Context) -> None:
    """Serve a simulated plant; options as of `python -m simulators plant --help`."""
    from simulators.__main__ import main as simulate

    raise typer.Exit(simulate(["plant", *context.args]))


@app.command()
def floor(
    *,
    data: Annotated[Path, typer.Option(help="folder of configuration, spools and logs")],
    broker: Annotated[str, typer.Option(help="MQTT broker, host:port")] = "127.0.0.1:1883",
    cloud: Annotated[str, typer.Option(help="the cloud's address, for the simulated orders")] = "",
    plant: PlantOption = DEMO_PLANT,
    seed: SeedOption = 7,
) -> None:
    """Run a simulated floor with its gateways against a broker and a cloud that run elsewhere."""
    from taktline.floor import FloorOptions, run_floor

    raise typer.Exit(run_floor(FloorOptions(data, broker, cloud, plant, seed)))


def main() -> None:
    """Run the command line."""
    app(prog_name="taktline")


if __name__ == "__main__":
    main()
