"""OPC UA: one subscription per device, values with the server's own timestamps."""

from edge.drivers.opcua.session import watch

__all__ = ["watch"]
