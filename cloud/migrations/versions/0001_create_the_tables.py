"""Create the tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:  # noqa: PLR0915  one statement per table
    op.create_table(
        "alarm",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("raised_ms", BIG, nullable=False),
        sa.Column("cleared_ms", BIG, nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("limit", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("affected", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("machine", "kind", "raised_ms", name=op.f("uq_alarm_machine_kind_raised_ms")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index("ix_alarm_order", ["active", "raised_ms", "id"], unique=False)

    op.create_table(
        "audit_log",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index("ix_audit_log_object", ["object"], unique=False)

    op.create_table(
        "bad_input",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("last_ms", BIG, nullable=True),
        sa.Column("example", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_bad_input")),
    )
    op.create_table(
        "condition_block",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("start_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("samples", BIG, nullable=False),
        sa.Column("regime", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("machine", "start_ms", name=op.f("pk_condition_block")),
    )
    op.create_table(
        "coverage",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("since_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("through_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("source", "since_ms", name=op.f("pk_coverage")),
    )
    op.create_table(
        "coverage_gap",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("first", BIG, autoincrement=False, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.PrimaryKeyConstraint("source", "stream", "first", name=op.f("pk_coverage_gap")),
    )
    op.create_table(
        "coverage_span",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("first", BIG, autoincrement=False, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("first_ms", BIG, nullable=False),
        sa.Column("last_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("source", "stream", "first", name=op.f("pk_coverage_span")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("city_zh", sa.String(length=200), nullable=False),
        sa.Column("city_en", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_table(
        "deriver_cursor",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("commit_no", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_deriver_cursor")),
    )
    op.create_table(
        "job_seen",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("job", BIG, autoincrement=False, nullable=False),
        sa.Column("first_ms", BIG, nullable=False),
        sa.Column("last_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("machine", "job", name=op.f("pk_job_seen")),
    )
    with op.batch_alter_table("job_seen", schema=None) as batch_op:
        batch_op.create_index("ix_job_seen_last_ms", ["machine", "last_ms"], unique=False)

    op.create_table(
        "outbox_event",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("announced_ms", BIG, nullable=False),
        sa.Column("fanned_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_event_new",
            ["id"],
            unique=False,
            sqlite_where=sa.text("NOT fanned_out"),
            postgresql_where=sa.text("NOT fanned_out"),
        )

    op.create_table(
        "role",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("start", sa.String(length=5), nullable=False),
        sa.Column("end", sa.String(length=5), nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    op.create_table(
        "signal_fact",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("ord", BIG, nullable=False),
        sa.Column("ts_ms", BIG, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("quality", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_fact")),
        sa.UniqueConstraint(
            "kind", "stream", "position", "ord", name=op.f("uq_signal_fact_kind_stream_position_ord")
        ),
    )
    with op.batch_alter_table("signal_fact", schema=None) as batch_op:
        batch_op.create_index(
            "ix_signal_fact_source_kind_ts_ms", ["source", "kind", "ts_ms", "id"], unique=False
        )

    op.create_table(
        "site",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("origin_ms", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_table(
        "supplier",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
    )
    op.create_table(
        "tag_read",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("epc", sa.String(length=96), nullable=False),
        sa.Column("first_ms", BIG, nullable=False),
        sa.Column("reader", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("machine", "epc", name=op.f("pk_tag_read")),
    )
    with op.batch_alter_table("tag_read", schema=None) as batch_op:
        batch_op.create_index("ix_tag_read_first_ms", ["machine", "first_ms"], unique=False)

    op.create_table(
        "alarm_event",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("alarm_id", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_event_alarm_id_alarm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_event")),
    )
    with op.batch_alter_table("alarm_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_event_alarm_id"), ["alarm_id"], unique=False)

    op.create_table(
        "area",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("site_id", sa.String(length=60), nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_area_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
    )
    op.create_table(
        "customer_order",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=60), nullable=False),
        sa.Column("entered_ms", BIG, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_order_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_customer_order")),
    )
    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.create_index("ix_customer_order_entered_ms", ["entered_ms", "number"], unique=False)

    op.create_table(
        "item",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("supplier_id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_item_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_table(
        "outbox_delivery",
        sa.Column("consumer", sa.String(length=60), nullable=False),
        sa.Column("event_id", BIG, autoincrement=False, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("next_try_ms", BIG, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_event.id"], name=op.f("fk_outbox_delivery_event_id_outbox_event")
        ),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_outbox_delivery")),
    )
    with op.batch_alter_table("outbox_delivery", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_delivery_event_id", ["event_id"], unique=False)

    op.create_table(
        "shift_break",
        sa.Column("shift_id", sa.String(length=60), nullable=False),
        sa.Column("place", BIG, autoincrement=False, nullable=False),
        sa.Column("start", sa.String(length=5), nullable=False),
        sa.Column("end", sa.String(length=5), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_break_shift_id_shift")),
        sa.PrimaryKeyConstraint("shift_id", "place", name=op.f("pk_shift_break")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("role_id", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_user_account_role_id_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "line",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("area_id", sa.String(length=60), nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_line_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
    )
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("expires_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index("ix_user_session_expires_ms", ["expires_ms"], unique=False)

    op.create_table(
        "machine",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("line_id", sa.String(length=60), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column("protocol", sa.String(length=30), nullable=False),
        sa.Column("minor_stop_s", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_machine_line_id_line")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine")),
        sa.UniqueConstraint("line_id", "sequence", name=op.f("uq_machine_line_id_sequence")),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("line_id", sa.String(length=60), nullable=False),
        sa.Column("price_minor", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_product_line_id_line")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_table(
        "reader",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("line_id", sa.String(length=60), nullable=False),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column("protocol", sa.String(length=30), nullable=False),
        sa.Column("max_transit_s", BIG, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_reader_line_id_line")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader")),
    )
    op.create_table(
        "bom_line",
        sa.Column("product_id", sa.String(length=60), nullable=False),
        sa.Column("item_id", sa.String(length=60), nullable=False),
        sa.Column("quantity", EXACT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_bom_line_item_id_item")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_bom_line_product_id_product")),
        sa.PrimaryKeyConstraint("product_id", "item_id", name=op.f("pk_bom_line")),
    )
    op.create_table(
        "order_line",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("product_id", sa.String(length=60), nullable=False),
        sa.Column("quantity", EXACT, nullable=False),
        sa.Column("price_minor", BIG, nullable=False),
        sa.Column("customer_due_ms", BIG, nullable=False),
        sa.Column("promised_ms", BIG, nullable=True),
        sa.Column("forecast_ms", BIG, nullable=True),
        sa.Column("actual_ms", BIG, nullable=True),
        sa.Column("good_quantity", BIG, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_number"],
            ["customer_order.number"],
            name=op.f("fk_order_line_order_number_customer_order"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_order_line_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_number", "line", name=op.f("uq_order_line_order_number_line")),
    )
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.create_index("ix_order_line_product_id", ["product_id"], unique=False)

    op.create_table(
        "routing_step",
        sa.Column("product_id", sa.String(length=60), nullable=False),
        sa.Column("operation", BIG, autoincrement=False, nullable=False),
        sa.Column("machine_id", sa.String(length=60), nullable=False),
        sa.Column("ideal_cycle_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machine.id"], name=op.f("fk_routing_step_machine_id_machine")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_routing_step_product_id_product")
        ),
        sa.PrimaryKeyConstraint("product_id", "operation", name=op.f("pk_routing_step")),
    )
    op.create_table(
        "signal_binding",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("tag", sa.String(length=300), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("machine_id", sa.String(length=60), nullable=True),
        sa.Column("reader_id", sa.String(length=60), nullable=True),
        sa.Column("code_map", JSON, nullable=True),
        sa.Column("valid_from_ms", BIG, nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machine.id"], name=op.f("fk_signal_binding_machine_id_machine")
        ),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["reader.id"], name=op.f("fk_signal_binding_reader_id_reader")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_binding")),
        sa.UniqueConstraint("tag", "version", name=op.f("uq_signal_binding_tag_version")),
    )
    with op.batch_alter_table("signal_binding", schema=None) as batch_op:
        batch_op.create_index("ix_signal_binding_machine_id", ["machine_id"], unique=False)

    op.create_table(
        "work_order",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("order_line_id", BIG, nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("customer", sa.String(length=60), nullable=False),
        sa.Column("product", sa.String(length=60), nullable=False),
        sa.Column("quantity", EXACT, nullable=False),
        sa.Column("released_ms", BIG, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_work_order_order_line_id_order_line")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_work_order")),
    )
    with op.batch_alter_table("work_order", schema=None) as batch_op:
        batch_op.create_index("ix_work_order_order_line_id", ["order_line_id"], unique=False)
        batch_op.create_index("ix_work_order_order_number", ["order_number", "line"], unique=False)

    op.create_table(
        "operation",
        sa.Column("job", BIG, autoincrement=False, nullable=False),
        sa.Column("work_order", BIG, nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("ideal_cycle_s", sa.Double(), nullable=False),
        sa.Column("target", BIG, nullable=False),
        sa.Column("good", BIG, nullable=False),
        sa.Column("rejected", BIG, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("started_ms", BIG, nullable=True),
        sa.Column("last_count_ms", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["work_order"], ["work_order.number"], name=op.f("fk_operation_work_order_work_order")
        ),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_operation")),
    )
    with op.batch_alter_table("operation", schema=None) as batch_op:
        batch_op.create_index("ix_operation_machine", ["machine", "status", "work_order"], unique=False)
        batch_op.create_index("ix_operation_work_order", ["work_order"], unique=False)

    op.create_table(
        "unit",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("epoch", BIG, autoincrement=False, nullable=False),
        sa.Column("ordinal", BIG, autoincrement=False, nullable=False),
        sa.Column("made_from_ms", BIG, nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("work_order", BIG, nullable=True),
        sa.Column("number", BIG, nullable=True),
        sa.Column("epc", sa.String(length=96), nullable=True),
        sa.Column("tagged_ms", BIG, nullable=True),
        sa.Column("reader", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["work_order"], ["work_order.number"], name=op.f("fk_unit_work_order_work_order")
        ),
        sa.PrimaryKeyConstraint("machine", "epoch", "ordinal", name=op.f("pk_unit")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index("ix_unit_epc", ["epc"], unique=False)
        batch_op.create_index("ix_unit_made_ms", ["machine", "made_ms"], unique=False)
        batch_op.create_index("ix_unit_tagged_ms", ["machine", "tagged_ms"], unique=False)
        batch_op.create_index("ix_unit_work_order", ["work_order", "epoch", "ordinal"], unique=False)

    op.create_table(
        "part_count",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("counter", sa.String(length=10), nullable=False),
        sa.Column("at_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("from_ms", BIG, nullable=False),
        sa.Column("good", BIG, nullable=False),
        sa.Column("rejected", BIG, nullable=False),
        sa.Column("job", BIG, nullable=False),
        sa.Column("operation", BIG, nullable=True),
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("first_value", BIG, nullable=False),
        sa.Column("last_value", BIG, nullable=False),
        sa.Column("flags", sa.String(length=60), nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("ord", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operation.job"], name=op.f("fk_part_count_operation_operation")
        ),
        sa.PrimaryKeyConstraint("machine", "counter", "at_ms", name=op.f("pk_part_count")),
    )
    with op.batch_alter_table("part_count", schema=None) as batch_op:
        batch_op.create_index("ix_part_count_at_ms", ["at_ms"], unique=False)
        batch_op.create_index("ix_part_count_job", ["job"], unique=False)
        batch_op.create_index("ix_part_count_operation", ["operation"], unique=False)


def downgrade() -> None:  # noqa: PLR0915  the same
    with op.batch_alter_table("part_count", schema=None) as batch_op:
        batch_op.drop_index("ix_part_count_operation")
        batch_op.drop_index("ix_part_count_job")
        batch_op.drop_index("ix_part_count_at_ms")

    op.drop_table("part_count")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index("ix_unit_work_order")
        batch_op.drop_index("ix_unit_tagged_ms")
        batch_op.drop_index("ix_unit_made_ms")
        batch_op.drop_index("ix_unit_epc")

    op.drop_table("unit")
    with op.batch_alter_table("operation", schema=None) as batch_op:
        batch_op.drop_index("ix_operation_work_order")
        batch_op.drop_index("ix_operation_machine")

    op.drop_table("operation")
    with op.batch_alter_table("work_order", schema=None) as batch_op:
        batch_op.drop_index("ix_work_order_order_number")
        batch_op.drop_index("ix_work_order_order_line_id")

    op.drop_table("work_order")
    with op.batch_alter_table("signal_binding", schema=None) as batch_op:
        batch_op.drop_index("ix_signal_binding_machine_id")

    op.drop_table("signal_binding")
    op.drop_table("routing_step")
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_index("ix_order_line_product_id")

    op.drop_table("order_line")
    op.drop_table("bom_line")
    op.drop_table("reader")
    op.drop_table("product")
    op.drop_table("machine")
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.drop_index("ix_user_session_expires_ms")

    op.drop_table("user_session")
    op.drop_table("line")
    op.drop_table("user_account")
    op.drop_table("shift_break")
    with op.batch_alter_table("outbox_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_delivery_event_id")

    op.drop_table("outbox_delivery")
    op.drop_table("item")
    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_order_entered_ms")

    op.drop_table("customer_order")
    op.drop_table("area")
    with op.batch_alter_table("alarm_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarm_event_alarm_id"))

    op.drop_table("alarm_event")
    with op.batch_alter_table("tag_read", schema=None) as batch_op:
        batch_op.drop_index("ix_tag_read_first_ms")

    op.drop_table("tag_read")
    op.drop_table("supplier")
    op.drop_table("site")
    with op.batch_alter_table("signal_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_signal_fact_source_kind_ts_ms")

    op.drop_table("signal_fact")
    op.drop_table("shift")
    op.drop_table("role")
    with op.batch_alter_table("outbox_event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_event_new",
            sqlite_where=sa.text("NOT fanned_out"),
            postgresql_where=sa.text("NOT fanned_out"),
        )

    op.drop_table("outbox_event")
    with op.batch_alter_table("job_seen", schema=None) as batch_op:
        batch_op.drop_index("ix_job_seen_last_ms")

    op.drop_table("job_seen")
    op.drop_table("deriver_cursor")
    op.drop_table("customer")
    op.drop_table("coverage_span")
    op.drop_table("coverage_gap")
    op.drop_table("coverage")
    op.drop_table("condition_block")
    op.drop_table("bad_input")
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_log_object")

    op.drop_table("audit_log")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index("ix_alarm_order")

    op.drop_table("alarm")
