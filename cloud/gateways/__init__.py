"""Gateways as a fleet: how each is, what it was commanded, what became of it."""
