"""The names by which a gateway tells how it is."""

from wire.node_metrics import (
    DEVICE_METRICS,
    NODE_METRICS,
    PREFIX,
    device_metric,
    split_device_metric,
)


def test_every_name_is_unique_and_begins_with_the_prefix() -> None:
    names = [metric.name for metric in NODE_METRICS]
    assert len(set(names)) == len(names)
    assert all(name.startswith(PREFIX) for name in names)
    assert all(split_device_metric(name) is None for name in names)
    assert len({metric.name for metric in DEVICE_METRICS}) == len(DEVICE_METRICS)


def test_a_device_s_metric_is_found_again_by_its_name() -> None:
    for metric in DEVICE_METRICS:
        assert split_device_metric(device_metric("L1-OP10", metric.name)) == ("L1-OP10", metric.name)
    assert split_device_metric("Gateway/Devices/") is None
    assert split_device_metric("Gateway/Devices/L1") is None
