"""The command line: `taktline demo | floor | edge | cloud | oee | sim | certs | bench`."""

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
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

# Every command imports what it needs when it runs: an edge-only install has no cloud.
# ruff: noqa: PLC0415

PlantOption = Annotated[Path, typer.Option("--plant", help="plant file (TOML)")]
SeedOption = Annotated[int, typer.Option(help="chooses the simulated world")]
SpeedOption = Annotated[float, typer.Option(min=0.1, max=120.0, help="plant seconds per real second")]
BrokerOption = Annotated[str, typer.Option(help="auto, mosquitto or amqtt")]


def _history_minutes(text: str) -> int:
    """Return how long a history is meant; what cannot be read ends the command with the reason."""
    from taktline.demo import history_minutes

    try:
        return history_minutes(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--history") from wrong


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
    history: Annotated[
        str,
        typer.Option(help="history on which it opens: days or hours such as 14d or 8h, or 0; not headless"),
    ] = "14d",
    keep: Annotated[
        Path | None, typer.Option(help="keep the data in this folder; a demo that stands there goes on")
    ] = None,
) -> None:
    """Run a simulated plant, its gateways and the cloud on this computer."""
    if not headless:
        from taktline.demo import DemoOptions, run_demo

        ui = UI_DIR if (UI_DIR / "index.html").exists() else None
        before_min = _history_minutes(history)
        options = DemoOptions(
            plant, host, port, speed, seed, broker, ui_dir=ui, history_min=before_min, keep=keep
        )
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


@app.command("edge", context_settings=PASS_ON)
def edge(context: typer.Context) -> None:
    """The gateway that reads machines: `check FILE`, `plan FILE`, `run FILE`."""
    from edge.__main__ import main as edge_main

    raise typer.Exit(edge_main(context.args))


@app.command("cloud", context_settings=PASS_ON)
def cloud(context: typer.Context) -> None:
    """The service that stores, computes and shows: `serve`, `migrate`, `backup`, `restore`, `add-user`."""
    from cloud.__main__ import app as cloud_app

    if "TAKTLINE_UI_DIR" not in os.environ and (UI_DIR / "index.html").exists():
        os.environ["TAKTLINE_UI_DIR"] = str(UI_DIR)
    cloud_app(args=context.args, prog_name="taktline cloud")


@app.command("oee", context_settings=PASS_ON)
def oee(context: typer.Context) -> None:
    """Open an OEE figure to what it was made of: `explain --scope machine:ID --from … --to …`."""
    from taktline.oee_command import app as oee_app

    oee_app(args=context.args, prog_name="taktline oee")


@app.command("sim", context_settings=PASS_ON)
def sim(context: typer.Context) -> None:
    """Simulated machines behind real protocol servers: `plant`, `serve KIND`."""
    from simulators.__main__ import main as simulate

    raise typer.Exit(simulate(context.args))


@app.command("bench", context_settings=PASS_ON)
def bench(context: typer.Context) -> None:
    """Measure a part of the product; one JSON line comes last: `bench NAME [options] [--json]`."""
    import signal

    from taktline.bench import main as measure

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)  # on its way out it stops the programs that it started

    signal.signal(signal.SIGTERM, end)
    raise typer.Exit(measure(context.args))


@app.command()
def floor(
    *,
    data: Annotated[Path, typer.Option(help="folder of configuration, spools and logs")],
    broker: Annotated[str, typer.Option(help="MQTT broker, host:port")] = "127.0.0.1:1883",
    cloud: Annotated[str, typer.Option(help="the cloud's address, for the simulated orders")] = "",
    plant: PlantOption = DEMO_PLANT,
    seed: SeedOption = 7,
    certs: Annotated[
        Path | None, typer.Option(help="the gateways' certificates for the broker, a folder for each")
    ] = None,
) -> None:
    """Run a simulated floor with its gateways against a broker and a cloud that run elsewhere."""
    from taktline.floor import FloorOptions, run_floor

    raise typer.Exit(run_floor(FloorOptions(data, broker, cloud, plant, seed, certs)))


@app.command("certs", context_settings=PASS_ON)
def certs(context: typer.Context) -> None:
    """Certificates of a plant's MQTT broker, its gateways and the cloud: `make`, `show`."""
    from taktline.certs_command import main as certs_main

    raise typer.Exit(certs_main(context.args))


def main() -> None:
    """Run the command line."""
    app(prog_name="taktline")


if __name__ == "__main__":
    main()
