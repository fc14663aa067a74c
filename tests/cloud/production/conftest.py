from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cloud.db import Database


@pytest.fixture
def session(plant_db: Database) -> Iterator[Session]:
    """A writing session on the demo plant; what it did is rolled back."""
    with plant_db.write() as session:
        yield session
        session.rollback()
