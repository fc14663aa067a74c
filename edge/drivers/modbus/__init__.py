"""Modbus over TCP or a serial line: `session` polls, `bus` shares the line, `plan` coalesces requests."""

from edge.drivers.modbus.session import watch

__all__ = ["watch"]
