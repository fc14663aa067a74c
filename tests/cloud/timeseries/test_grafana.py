"""The Grafana dashboard for InfluxDB: its JSON, its variables, its Flux by the parser of Flux itself."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flux_parser import PARSER, WHAT, refused

from edge.node_report import node_spec

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "grafana"
# What Grafana puts before and into a query.
OPTIONS = """option v = {
    defaultBucket: "taktline", timeRangeStart: -8h, timeRangeStop: now(), windowPeriod: 10s}
"""
MACHINE_METRICS = {"state", "good", "reject", "run_s", "condition", "bad_input", "job"}


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "taktline-influxdb.json").read_text())
    return found


def queries(dashboard: dict[str, Any]) -> list[str]:
    panels = [target["query"] for panel in dashboard["panels"] for target in panel["targets"]]
    return panels + [v["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]


def as_grafana_sends(query: str) -> str:
    """The query with its variables filled in; an import stands before the options."""
    imports = re.findall(r'^import ".*"$', query, re.MULTILINE)
    body = re.sub(r'^import ".*"\n', "", query, flags=re.MULTILINE)
    return "\n".join([*imports, OPTIONS, re.sub(r"\$\{\w+:regex\}", "(L1-OP10|L1-OP20)", body)])


def test_every_query_passes_the_parser_and_type_checker_of_flux(
    dashboard: dict[str, Any], require: Callable[[object, str], None]
) -> None:
    require(PARSER.is_dir(), WHAT)
    texts = [as_grafana_sends(query) for query in queries(dashboard)]
    assert len(texts) > 10
    assert not any("${" in text for text in texts)
    assert refused(texts) == []
    assert refused([texts[0].replace("keep(", "kep(")]) != []


def test_every_panel_asks_the_data_source_that_is_chosen(dashboard: dict[str, Any]) -> None:
    (source,) = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
    assert (source["name"], source["query"]) == ("datasource", "influxdb")
    asked = [panel["datasource"] for panel in dashboard["panels"]]
    asked += [target["datasource"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert {each["uid"] for each in asked} == {"${datasource}"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_metric_is_one_that_gateways_publish(dashboard: dict[str, Any]) -> None:
    named = set(re.findall(r'r\.metric == "([^"]+)"', " ".join(queries(dashboard))))
    assert named <= MACHINE_METRICS | set(node_spec([]).tags)
    assert {"state", "good", "reject", "run_s", "Gateway/Spool/Waiting Batches"} <= named


def test_provisioning_names_the_bucket_of_the_compose_file() -> None:
    (source,) = yaml.safe_load((FOLDER / "datasource.yaml").read_text())["datasources"]
    influxdb = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["influxdb"][
        "environment"
    ]
    assert source["jsonData"]["organization"] == influxdb["DOCKER_INFLUXDB_INIT_ORG"]
    assert source["jsonData"]["defaultBucket"] == influxdb["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert source["url"] == "http://influxdb:8086"
    assert yaml.safe_load((FOLDER / "dashboards.yaml").read_text())["providers"][0]["type"] == "file"
