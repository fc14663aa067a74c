"""What every time-series store must do; a new one is added to `STORES` in conftest.py."""

import math
import threading

import pytest
from engines import Opener

from cloud.timeseries.store import (
    FUTURE,
    GOOD,
    REBOUND,
    AuditRow,
    BatchColumns,
    BatchRow,
    Commit,
    GapRow,
    Meaning,
    QuarantineRow,
    SignalPage,
    SignalRow,
    Store,
    StreamKey,
    WatermarkWentBack,
)

NODE, STREAM = "suzhou/gw-l1", "a" * 32
KEY = StreamKey(NODE, STREAM)
STATE, GOODS, EPC = f"{NODE}/m/state", f"{NODE}/m/good", f"{NODE}/r/tag"
TAGS = [STATE, GOODS, EPC]

Reading = tuple[int, int, float | None]


@pytest.fixture
def store(reopen: Opener) -> Store:
    return reopen()


def batch(position: int, points: list[Reading], quality: int = GOOD, stream: str = STREAM) -> Commit:
    """A commit of one batch; a point is (tag index, ts, value)."""
    commit = Commit(tags=TAGS, batches=BatchColumns([BatchRow(stream, position, NODE, 5, 6)]))
    commit.watermarks[StreamKey(NODE, stream)] = position
    columns = commit.points
    for index, (tag, ts_ms, value) in enumerate(points):
        columns.batch.append(0)
        columns.ord.append(index)
        columns.tag.append(tag)
        columns.ts_ms.append(ts_ms)
        columns.value.append(value)
        columns.quality.append(quality)
    return commit


def with_text(commit: Commit, ordinal: int, ts_ms: int, text: str, *, is_number: bool = False) -> Commit:
    columns = commit.texts
    columns.batch.append(0)
    columns.ord.append(ordinal)
    columns.tag.append(2)
    columns.ts_ms.append(ts_ms)
    columns.text.append(text)
    columns.is_number.append(is_number)
    columns.quality.append(GOOD)
    return commit


def with_signals(commit: Commit, *ordinals: int) -> Commit:
    row = commit.batches[0]
    for ordinal in ordinals:
        commit.signals.append(
            SignalRow(row.stream, row.position, ordinal, STATE, "state", "m", 10, 1.0, None, GOOD)
        )
    return commit


def test_points_come_back_sorted_by_time_then_commit_order(store: Store) -> None:
    store.append(batch(1, [(0, 30, 3.0), (0, 10, 1.0), (1, 10, 9.0)]))
    store.append(batch(2, [(0, 20, 2.0), (0, 10, 1.5)]))
    assert [(s.ts_ms, s.value) for s in store.raw(STATE, 10, 30)] == [(10, 1.0), (10, 1.5), (20, 2.0)]
    assert store.raw("nobody/knows//x", 0, 99) == []


def test_everything_survives_a_restart(reopen: Opener) -> None:
    store = reopen()
    commit = with_signals(with_text(batch(1, [(0, 10, 1.0)]), 1, 11, "E2"), 0)
    commit.gaps.append(GapRow(NODE, STREAM, 2, 4, "dropped"))
    commit.watermarks[KEY] = 4
    commit.quarantine.append(QuarantineRow(12, "spBv1.0/x", "not protobuf", 3, "d", b"\x00\x01\xff"))
    done = store.append(commit)
    before = (
        store.audit(0, 10),
        store.signal_log(0, 10),
        store.gaps(),
        store.quarantined(5),
        store.by_node(),
    )
    again = reopen()
    after = (again.audit(0, 10), again.signal_log(0, 10), again.gaps(), again.quarantined(5), again.by_node())
    assert after == before
    assert again.watermarks() == {KEY: 4}
    assert again.counts()[:5] == (2, 1, 1, 1, done.commit_no)
    assert again.append(batch(5, [(0, 20, 1.0)])).commit_no == done.commit_no + 1


def test_commit_numbers_grow_even_when_the_trimmed_log_is_empty(reopen: Opener) -> None:
    store = reopen()
    done = store.append(with_signals(batch(1, [(0, 10, 1.0)]), 0))
    assert store.trim_signal_log(done.commit_no) == 1
    assert reopen().append(with_signals(batch(2, [(0, 11, 1.0)]), 0)).commit_no == done.commit_no + 1


def test_a_position_is_never_stored_twice(store: Store) -> None:
    store.append(batch(1, [(0, 10, 1.0)]))
    with pytest.raises(WatermarkWentBack):
        store.append(batch(1, [(0, 10, 1.0)]))
    assert len(store.audit(0, 10).rows) == 1
    assert store.append(batch(1, [(0, 10, 1.0)], stream="b" * 32)).points == 1


def test_a_refused_commit_leaves_nothing(store: Store) -> None:
    bad = batch(1, [(0, 10, 1.0)])
    bad.watermarks.clear()
    with pytest.raises(WatermarkWentBack):
        store.append(bad)
    assert store.counts()[:5] == (0, 0, 0, 0, 0)
    assert store.watermarks() == {}


def test_latest_is_the_greatest_time_and_never_one_from_the_future(store: Store) -> None:
    store.append(batch(1, [(0, 30, 3.0), (1, 5, 7.0)]))
    store.append(batch(2, [(0, 20, 2.0), (1, 5, 8.0)]))
    store.append(batch(3, [(0, 99_999, 9.0)], quality=FUTURE))
    store.append(with_text(batch(4, []), 0, 12, "E28011"))
    latest = store.latest([*TAGS, "suzhou/gw-l1/m/none"])
    assert {tag: (s.ts_ms, s.value) for tag, s in latest.items()} == {
        STATE: (30, 3.0),
        GOODS: (5, 8.0),
        EPC: (12, "E28011"),
    }


def test_values_that_no_double_holds_stay_exact(store: Store) -> None:
    long = 2**63 - 1
    commit = with_text(batch(1, [(0, 1, math.nan), (1, 2, None)]), 2, 3, str(long), is_number=True)
    store.append(with_text(commit, 3, 4, "零件\x00"))
    values = [row.value for row in store.audit(0, 10).rows]
    assert str(values[0]) == "nan"
    assert values[1:] == [None, long, "零件\x00"]


def test_audit_pages_give_every_point_once(store: Store) -> None:
    wanted = set()
    for position in range(1, 40):
        points: list[tuple[int, int, float | None]] = [
            (position % 2, position * 10 + n, float(n)) for n in range(position % 7)
        ]
        store.append(batch(position, points))
        wanted |= {(position, n, TAGS[t], ts, v) for n, (t, ts, v) in enumerate(points)}
    rows: list[AuditRow] = []
    after: int | None = 0
    pages = 0
    while after is not None:
        page = store.audit(after, 10)
        rows += page.rows
        after = page.next
        pages += 1
    assert len(rows) == len(wanted)
    assert {(r.position, r.ord, r.tag, r.ts_ms, r.value) for r in rows} == wanted
    assert pages > len(wanted) // 10
    assert {r.committed_ms for r in rows} == {777}


def test_windows_hold_the_good_values_alone(store: Store) -> None:
    store.append(batch(1, [(0, 1000, 1.0), (0, 1500, 5.0), (0, 3999, 2.0)]))
    store.append(batch(2, [(0, 1600, 100.0)], quality=0))
    found = store.aggregate(STATE, 0, 4000, 1000)
    assert [tuple(w) for w in found] == [
        (1000, 2, 1.0, 5.0, 3.0, 1.0, 5.0, 3.0),
        (3000, 1, 2.0, 2.0, 2.0, 2.0, 2.0, (999 * 5.0 + 1 * 2.0) / 1000),
    ]


def test_time_weighted_means_begin_with_the_value_that_stood_before(store: Store) -> None:
    store.append(batch(1, [(0, 500, 10.0), (0, 1250, 20.0), (0, 1750, 40.0), (0, 2500, 0.0)]))
    whole = [(w.start_ms, w.time_weighted) for w in store.aggregate(STATE, 1000, 3000, 1000)]
    assert whole == [(1000, (250 * 10 + 500 * 20 + 250 * 40) / 1000), (2000, (500 * 40 + 500 * 0) / 1000)]
    cut = [(w.start_ms, w.time_weighted) for w in store.aggregate(STATE, 1500, 2600, 1000)]
    assert cut == [(1000, (250 * 20 + 250 * 40) / 500), (2000, (500 * 40 + 100 * 0) / 600)]
    first = [(w.start_ms, w.time_weighted) for w in store.aggregate(STATE, 0, 1000, 1000)]
    assert first == [(0, 10.0)], "what nobody knows has no weight"
    assert store.aggregate(STATE, 5000, 9000, 1000) == []


def test_what_is_not_finite_is_in_no_window(store: Store) -> None:
    store.append(batch(1, [(0, 1000, math.nan), (0, 1100, 4.0), (0, 1200, math.inf), (0, 1300, None)]))
    assert [tuple(w) for w in store.aggregate(STATE, 0, 2000, 1000)] == [
        (1000, 1, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0)
    ]
    assert store.state_durations(STATE, 0, 2000) == {4.0: 900}


def test_tags_are_found_by_part_of_their_name_page_by_page(store: Store) -> None:
    names = [f"plant/gw/L{n}-OP10/{metric}" for n in range(1, 4) for metric in ("state", "good", "Temp")]
    commit = batch(1, [(n, n, 1.0) for n in range(len(names))])
    commit.tags = names
    store.append(commit)
    assert store.tags("", None, 100) == sorted(names)
    first = store.tags("OP10/temp", None, 2)
    assert first == ["plant/gw/L1-OP10/Temp", "plant/gw/L2-OP10/Temp"]
    assert store.tags("OP10/temp", first[-1], 2) == ["plant/gw/L3-OP10/Temp"]
    assert store.tags("nobody", None, 5) == []
    assert store.tags("%_", None, 5) == [], "no sign is a wildcard"


def test_compaction_changes_nothing_that_readers_are_told(reopen: Opener) -> None:
    store = reopen()
    hour = 3_600_000
    for position in range(1, 9):
        at = position * hour // 2
        points: list[Reading] = [(0, at + n * 1000, float(n % 3)) for n in range(40)]
        points.append((1, at, float(position)))
        store.append(with_text(batch(position, points), 41, at + 7, f"E{position}"))

    def told(store: Store) -> object:
        return (
            store.raw(STATE, 0, 9 * hour),
            store.raw(EPC, 0, 9 * hour),
            store.latest(TAGS),
            store.audit(0, 1000),
            [store.aggregate(STATE, 1000, 4 * hour, width) for width in (1000, 60_000, hour, 7_000_000)],
            store.aggregate(GOODS, hour, 4 * hour, 60_000),
            store.state_durations(STATE, hour + 5, 5 * hour),
            store.by_node(),
            store.counts().points,
        )

    before = told(store)
    _compact(store, 3 * hour)
    assert told(store) == before
    store.append(batch(9, [(1, hour + 77, 100.0), (0, hour + 5000, 100.0)]))
    with_late = told(store)
    assert with_late != before
    _compact(store, 9 * hour)
    assert told(store) == with_late
    held = store.holdings()
    assert held.late_points == held.open_hours == 0
    assert told(reopen()) == with_late


def _compact(store: Store, until_ms: int) -> None:
    while store.compact(until_ms).waiting:
        pass


def test_state_durations_fill_the_window_from_the_state_before_it(store: Store) -> None:
    store.append(batch(1, [(0, 100, 1.0), (0, 400, 2.0), (0, 400, 3.0), (0, 700, 1.0)]))
    assert store.state_durations(STATE, 200, 1000) == {1.0: 200 + 300, 3.0: 300}
    assert store.state_durations(STATE, 400, 500) == {3.0: 100}
    assert store.state_durations(STATE, 0, 150) == {1.0: 50}


def test_signal_log_gives_whole_commits_in_order(store: Store) -> None:
    for position in range(1, 6):
        store.append(with_signals(batch(position, [(0, position, 1.0)] * 3), 0, 1, 2))
    store.append(batch(6, [(1, 6, 1.0)]))
    first = store.signal_log(0, 7)
    assert [(r.position, r.ord) for r in first.rows] == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    small = store.signal_log(first.through, 1)
    assert {r.position for r in small.rows} == {3}
    rest = store.signal_log(small.through, 100)
    assert {r.position for r in rest.rows} == {4, 5}
    assert store.signal_log(rest.through, 100).rows == []


def test_signal_log_leaves_out_what_was_taken_of_a_stream(store: Store) -> None:
    other = "f" * 32
    numbers = [
        store.append(with_signals(batch(position, [(0, position, 1.0)], stream=stream), 0)).commit_no
        for position, stream in ((1, STREAM), (1, other), (2, STREAM), (2, other), (3, STREAM))
    ]

    def told(page: SignalPage) -> list[tuple[str, int]]:
        return [(row.stream, row.position) for row in page.rows]

    taken = {other: numbers[1]}
    page = store.signal_log(0, 2, taken)
    assert (told(page), page.through, page.more) == ([(STREAM, 1), (STREAM, 2)], numbers[2], True)
    page = store.signal_log(page.through, 9, taken)
    assert (told(page), page.through, page.more) == ([(other, 2), (STREAM, 3)], numbers[4], False)
    assert told(store.signal_log(0, 9, taken, {other})) == [(other, 2)]
    assert store.signal_log(0, 1, {}, {STREAM}).more
    assert store.signal_log(numbers[3], 9, {STREAM: numbers[4]}) == SignalPage([], numbers[4])
    assert store.signal_log(0, 9, {}, {"0" * 32}) == SignalPage([], 0)
    assert store.newest_signals(0, 99, taken) == {STREAM: 10, other: 10}
    assert store.newest_signals(numbers[3], 99, {}) == {STREAM: 10}


def test_trimming_forgets_old_commits_alone(store: Store) -> None:
    numbers = [store.append(with_signals(batch(n, [(0, n, 1.0)]), 0)).commit_no for n in range(1, 4)]
    assert store.trim_signal_log(numbers[1]) == 2
    assert [r.position for r in store.signal_log(0, 10).rows] == [3]


def test_points_of_a_tag_bound_anew_reach_the_signal_log_once(reopen: Opener) -> None:
    store = reopen()
    store.append(with_text(batch(1, [(0, 10, 1.0), (1, 11, 7.0)]), 2, 12, "E2"))
    done = store.append(batch(2, [(1, 12, 8.0)]))
    meanings = {GOODS: Meaning("good", "m", 1), EPC: Meaning("tag", "r", 1)}
    assert store.rebind(meanings) == 3
    assert store.rebind(meanings) == 0
    again = reopen()
    assert again.rebind(meanings) == 0
    page = again.signal_log(done.commit_no, 100)
    assert [(r.position, r.ord, r.tag, r.role, r.source, r.value, r.text) for r in page.rows] == [
        (1, 1, GOODS, REBOUND, "", 7.0, None),
        (1, 2, EPC, REBOUND, "", None, "E2"),
        (2, 0, GOODS, REBOUND, "", 8.0, None),
    ]
    assert again.rebind({**meanings, GOODS: Meaning("good", "m2", 2)}) == 2
    assert again.rebind({EPC: Meaning("tag", "r", 1)}) == 2, "what means nothing any more is told too"
    assert again.rebind({}) == 1
    assert again.bound() == {}


def test_dropping_old_points_keeps_watermarks(store: Store) -> None:
    store.append(batch(1, [(0, 10, 1.0), (0, 20, 2.0)]))
    store.append(batch(2, [(0, 30, 3.0), (0, 5, 0.0)]))
    assert store.drop_before(25) == 3
    assert [s.value for s in store.raw(STATE, 0, 99)] == [3.0]
    assert store.counts()[:2] == (1, 1)
    assert store.watermarks() == {KEY: 2}


def test_quarantine_keeps_the_newest_first(store: Store) -> None:
    for n in range(3):
        store.append(Commit(quarantine=[QuarantineRow(n, "t", f"reason {n}", n, str(n), bytes([n]))]))
    assert [(q.reason, q.head) for q in store.quarantined(2)] == [
        ("reason 2", b"\x02"),
        ("reason 1", b"\x01"),
    ]
    assert store.counts().quarantined == 3


@pytest.mark.slow
def test_readers_do_not_disturb_the_writer(store: Store) -> None:
    stopping, trouble, pages = threading.Event(), [], 0

    def read() -> None:
        nonlocal pages
        while not stopping.is_set():
            try:
                rows = store.audit(0, 500).rows
                assert [r.position for r in rows] == sorted(r.position for r in rows)
                store.latest(TAGS)
                store.counts()
                pages += 1
            except Exception as error:  # noqa: BLE001  the test's own thread: told below
                trouble.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for position in range(1, 60):
        store.append(with_signals(batch(position, [(0, position, 1.0)] * 5), 0))
        store.trim_signal_log(position - 5)
    stopping.set()
    for reader in readers:
        reader.join()
    assert trouble == []
    assert pages > 3
    assert store.counts().points == 59 * 5
