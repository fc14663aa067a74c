"""Reads become visits: one arrival, one departure, whatever the order and number of reads."""

from hypothesis import given
from hypothesis import strategies as st

from edge.presence import Move, Presence, Sight, Smoothing

EPC, OTHER = "30340242201D8840000F4241", "30340242201D8840000F4242"


def sight(at_ms: int, epc: str = EPC, antenna: int = 1, rssi: int | None = -60) -> Sight:
    return Sight(epc, antenna, rssi, at_ms, at_ms)


def test_a_tag_arrives_at_its_first_read_and_departs_at_its_last() -> None:
    presence = Presence(Smoothing(gone_s=2))
    assert presence.see(sight(1000)) == [Move("arrived", sight(1000))]
    assert presence.see(sight(1500, antenna=2, rssi=-40)) == []
    assert presence.see(sight(2000, antenna=3, rssi=-70)) == []
    assert presence.advance(3999) == []
    assert presence.advance(4000) == [Move("departed", Sight(EPC, 2, -40, 1000, 2000, 3))]
    assert len(presence) == 0


def test_a_glimpse_is_a_ghost_and_counted() -> None:
    presence = Presence(Smoothing(glimpse_s=0.5, min_seen=2, gone_s=1))
    assert presence.see(sight(0)) == []
    assert presence.see(sight(300)) == []
    assert presence.advance(5000) == []
    assert presence.ghosts == 1
    assert presence.see(sight(6000)) == []
    assert presence.see(sight(6500)) == [Move("arrived", Sight(EPC, 1, -60, 6000, 6500, 2))]


def test_a_tag_that_comes_back_departs_and_arrives_again_even_if_nothing_was_asked_between() -> None:
    presence = Presence(Smoothing(gone_s=1))
    presence.see(sight(0))
    moves = presence.see(sight(5000))
    assert [(move.kind, move.visit.first_ms, move.visit.last_ms) for move in moves] == [
        ("departed", 0, 0),
        ("arrived", 5000, 5000),
    ]


def test_each_antenna_can_be_a_place_of_its_own() -> None:
    presence = Presence(Smoothing(by_antenna=True))
    arrived = [*presence.see(sight(0, antenna=1)), *presence.see(sight(100, antenna=2))]
    assert [move.visit.antenna for move in arrived] == [1, 2]
    departed = presence.advance(10_000)
    assert [(move.visit.antenna, move.visit.last_ms) for move in departed] == [(1, 0), (2, 100)]


def test_reads_held_over_a_break_keep_a_tag_present() -> None:
    presence = Presence(Smoothing(gone_s=2))
    presence.see(sight(0))
    # The link is down for ten seconds: nothing advances, so nothing departs. Then the held reads come.
    held = [move for ms in range(1500, 10_000, 1500) for move in presence.see(sight(ms))]
    assert held == []
    assert presence.advance(10_000) == []
    assert [s.seen for s in presence.present] == [7]


def test_memory_is_bounded_and_whom_that_cost_is_counted() -> None:
    presence = Presence(Smoothing(max_tags=3))
    moves = [move for n in range(5) for move in presence.see(sight(n, epc=f"{n:024X}"))]
    assert [move.visit.epc[-1] for move in moves if move.kind == "departed"] == ["0", "1"]
    assert (len(presence), presence.crowded_out) == (3, 2)


def test_a_reader_without_signal_strength_has_a_first_antenna() -> None:
    presence = Presence(Smoothing())
    presence.see(sight(0, antenna=4, rssi=None))
    presence.see(sight(10, antenna=2, rssi=None))
    assert presence.present == [Sight(EPC, 4, None, 0, 10, 2)]


steps = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from([EPC, OTHER]), st.integers(1, 3), st.booleans()),
    max_size=60,
)


@given(steps, st.integers(0, 2), st.integers(1, 3), st.booleans())
def test_visits_of_a_tag_never_overlap_and_every_read_is_in_exactly_one(
    walk: list[tuple[int, str, int, bool]], glimpse_s: int, min_seen: int, by_antenna: object
) -> None:
    presence = Presence(Smoothing(glimpse_s, min_seen, 1.0, by_antenna=bool(by_antenna)))
    now_ms, moves, seen = 0, [], 0
    for wait_ms, epc, antenna, asks in walk:
        now_ms += wait_ms
        moves += presence.see(sight(now_ms, epc, antenna))
        seen += 1
        if asks:
            moves += presence.advance(now_ms)
    moves += presence.advance(now_ms + 10_000)
    assert len(presence) == 0
    places: dict[object, list[Move]] = {}
    for move in moves:
        places.setdefault((move.visit.epc, move.visit.antenna if by_antenna else 0), []).append(move)
    for story in places.values():
        assert [move.kind for move in story] == ["arrived", "departed"] * (len(story) // 2)
        ends = [
            ms
            for move in story
            if move.kind == "departed"
            for ms in (move.visit.first_ms, move.visit.last_ms)
        ]
        assert ends == sorted(ends)
    counted = sum(move.visit.seen for move in moves if move.kind == "departed")
    assert counted <= seen
    if not glimpse_s and min_seen == 1:
        assert (counted, presence.ghosts) == (seen, 0)
