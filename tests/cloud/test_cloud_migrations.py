"""The revisions make exactly the tables of the code, and a schema that is not ours is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cloud.db import Base, Database, SchemaStale, check_schema, has_schema, migrate, schema_differences
from cloud.migrations import import_tables


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'empty.db'}" if on_sqlite else request.getfixturevalue("postgres_url")
    db = Database(url)
    yield db
    db.dispose()


def test_the_migrated_schema_is_the_tables_of_the_code(empty_db: Database) -> None:
    import_tables()
    migrate(empty_db)
    assert schema_differences(empty_db) == []
    check_schema(empty_db)


def test_a_difference_would_be_seen(empty_db: Database) -> None:
    import_tables()
    migrate(empty_db)
    with empty_db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE machine ADD COLUMN surplus INTEGER"))
        connection.execute(text("DROP TABLE outbox_delivery"))
    kinds = {difference[0] for difference in schema_differences(empty_db)}
    assert {"remove_column", "add_table"} <= kinds


def test_migrating_twice_changes_nothing(empty_db: Database) -> None:
    migrate(empty_db)
    with empty_db.write() as session:
        session.execute(text("INSERT INTO role VALUES ('r', '甲', 'R', '[]', false)"))
    migrate(empty_db)
    with empty_db.read() as session:
        assert session.execute(text("SELECT count(*) FROM role")).scalar() == 1


def test_an_empty_database_has_no_schema_and_is_not_served(empty_db: Database) -> None:
    assert not has_schema(empty_db)
    with pytest.raises(SchemaStale, match="python -m cloud migrate"):
        check_schema(empty_db)


def test_a_schema_from_the_future_asks_for_the_newer_program(empty_db: Database) -> None:
    migrate(empty_db)
    with empty_db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaStale, match=r"9999.*newer"):
        check_schema(empty_db)


def test_sqlite_enforces_foreign_keys_again_after_a_migration(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(db)
    with db.write() as session:
        enforced = session.execute(text("PRAGMA foreign_keys")).scalar()
    db.dispose()
    assert enforced == 1


def test_every_table_of_the_code_is_known_to_the_migrations() -> None:
    import_tables()
    assert {"outbox_event", "customer_order", "signal_binding", "user_account", "signal_fact"} <= set(
        Base.metadata.tables
    )
