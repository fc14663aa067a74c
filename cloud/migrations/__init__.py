"""How the relational schema came to be; alembic runs these from inside the package."""

import importlib
import pkgutil

import cloud


def import_tables() -> None:
    """Nothing comes back; the tables of every slice are in `Base.metadata` afterwards."""
    importlib.import_module("cloud.outbox")
    for package in pkgutil.iter_modules(cloud.__path__):
        if package.ispkg and package.name != "migrations":
            slice_ = importlib.import_module(f"cloud.{package.name}")
            if any(module.name == "tables" for module in pkgutil.iter_modules(slice_.__path__)):
                importlib.import_module(f"cloud.{package.name}.tables")
