"""The window of unreceipted entries: how full it gets, who goes first, when sending goes back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.gateway import WindowSettings
from edge.sending import Effect, Sending
from edge.spool_file import SpoolFile, Stream
from edge.spool_reader import SpoolReader
from wire.receipts import GapReason, Receipt

WINDOW = WindowSettings(
    max_entries=10, max_bytes=10**6, silence_s=5.0, max_silence_s=12.0, go_back_s=0.5, fruitless_max=3
)
Sent = list[tuple[int, int]]


class Bench:
    """A spool's file with streams of numbered batches, and the sending over it."""

    def __init__(self, folder: Path, window: WindowSettings = WINDOW, generation: int = 1) -> None:
        self.file = SpoolFile(folder / "gw.spool", "plant", "gw")
        self.reader = SpoolReader(folder / "gw.spool")
        self.sending = Sending(self.reader, window, generation)

    def close(self) -> None:
        self.reader.close()
        self.file.close()

    def stream(self, batches: int, size: int = 10) -> Stream:
        with self.file.transaction():
            stream = self.file.open_stream()
            for position in range(1, batches + 1):
                self.file.append(stream.no, position, 1, 0, b"x" * size)
        return stream._replace(last=batches)

    def due(self, now_s: float = 0.0) -> Sent:
        return [(out.entry.stream_no, out.entry.position) for out in self.sending.due(now_s)]

    def receipt(self, stream: Stream, position: int, now_s: float = 0.0, generation: int = 1) -> Effect:
        return self.sending.receipt(Receipt("h", generation, stream.id, position), now_s)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_no_more_than_the_window_is_on_its_way(bench: Bench) -> None:
    live = bench.stream(25)
    bench.sending.connected(live)
    assert bench.due() == [(live.no, n) for n in range(1, 11)]
    assert bench.due() == []
    assert bench.receipt(live, 4).stored == (live.no, 4)
    assert bench.due() == [(live.no, n) for n in range(11, 15)]
    assert bench.sending.flying == 10


def test_the_live_stream_goes_first_and_old_ones_fill_half_at_most(bench: Bench) -> None:
    first, second, live = bench.stream(3), bench.stream(20), bench.stream(2)
    bench.sending.connected(live)
    sent = bench.due()
    assert sent[:2] == [(live.no, 1), (live.no, 2)]
    assert sent[2:] == [(first.no, 1), (first.no, 2), (first.no, 3), (second.no, 1), (second.no, 2)]
    bench.sending.extended(live)
    assert bench.receipt(first, 3).stored == (first.no, 3)
    assert bench.due() == [(second.no, 3), (second.no, 4), (second.no, 5)]


def test_old_streams_are_flagged_historical_and_the_live_one_is_not(bench: Bench) -> None:
    old, live = bench.stream(1), bench.stream(1)
    bench.sending.connected(live)
    flags = {out.header.stream: out.header.is_historical for out in bench.sending.due(0.0)}
    assert flags == {old.id: True, live.id: False}


def test_the_window_is_bounded_in_bytes_too_but_a_single_batch_always_goes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WindowSettings(max_entries=100, max_bytes=5000))
    live = bench.stream(8, size=2000)
    bench.sending.connected(live)
    assert bench.due() == [(live.no, 1), (live.no, 2)]
    bench.receipt(live, 2)
    assert len(bench.due()) == 2
    bench.close()
    big = Bench(tmp_path / "big", WindowSettings(max_entries=100, max_bytes=5000))
    huge = big.stream(2, size=9000)
    big.sending.connected(huge)
    assert big.due() == [(huge.no, 1)]
    big.close()


def test_a_repeated_receipt_goes_back_but_not_again_at_once(bench: Bench) -> None:
    live = bench.stream(6)
    bench.sending.connected(live)
    bench.due()
    bench.receipt(live, 2, 1.0)
    assert bench.receipt(live, 2, 2.0) == Effect()
    assert bench.due(2.0) == [(live.no, n) for n in range(3, 7)]
    bench.receipt(live, 2, 2.1)
    assert bench.due(2.1) == []
    bench.receipt(live, 2, 2.6)
    assert bench.due(2.6) == [(live.no, n) for n in range(3, 7)]


def test_three_fruitless_resends_make_a_batch_unstorable(bench: Bench) -> None:
    live = bench.stream(20)
    bench.sending.connected(live)
    bench.due()
    bench.receipt(live, 3, 0.0)
    effects = []
    for turn in range(1, 5):
        effects.append(bench.receipt(live, 3, float(turn)))
        sent = bench.due(float(turn))
        assert sent[0] == (live.no, 4)
        assert len(sent) <= 10
    assert effects == [Effect(), Effect(), Effect(), Effect(unstorable=(live.no, 4))]


def test_progress_clears_the_suspicion(bench: Bench) -> None:
    live = bench.stream(20)
    bench.sending.connected(live)
    for turn in range(1, 15):
        bench.due(float(turn))
        assert bench.receipt(live, turn // 3, float(turn)).unstorable is None


def test_silence_goes_back_and_waits_longer_each_time(bench: Bench) -> None:
    live = bench.stream(2)
    bench.sending.connected(live)
    now_s, waits = 0.0, []
    for _ in range(4):
        assert bench.due(now_s) == [(live.no, 1), (live.no, 2)]
        began_s = now_s
        while not bench.sending.went_silent(now_s):
            now_s += 0.5
        waits.append(now_s - began_s)
    assert waits == [5.0, 10.0, 12.0, 12.0]
    bench.due(now_s)
    bench.receipt(live, 1, now_s)
    assert bench.sending.went_silent(now_s + 5.0)


def test_silence_gives_nothing_up(bench: Bench) -> None:
    live = bench.stream(1)
    bench.sending.connected(live)
    for turn in range(20):
        bench.due(20.0 * turn)
        assert bench.sending.went_silent(20.0 * turn + 15.0)
    assert bench.receipt(live, 1, 999.0).stored == (live.no, 1)


def test_nothing_on_its_way_is_no_silence(bench: Bench) -> None:
    bench.sending.connected(bench.stream(0))
    assert bench.due() == []
    assert not bench.sending.went_silent(1e9)


def test_a_new_generation_offers_everything_again_gaps_included(bench: Bench) -> None:
    old, live = bench.stream(4), bench.stream(3)
    with bench.file.transaction():
        bench.file.receipt(old.no, 4)
        bench.file.lose(old.no, 1, GapReason.FORGOTTEN)
        bench.file.lose(old.no, 2, GapReason.FORGOTTEN)
    bench.sending.connected(live)
    assert bench.due() == [(live.no, n) for n in (1, 2, 3)]
    bench.receipt(live, 3)
    assert bench.sending.is_drained
    assert bench.receipt(live, 1, generation=2) == Effect(renewed=2, stored=(live.no, 1))
    assert bench.due() == [(live.no, 2), (live.no, 3), (old.no, 2), (old.no, 3), (old.no, 4)]
    assert bench.receipt(live, 3, generation=1) == Effect()


def test_the_first_generation_ever_heard_sends_nothing_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path, generation=0)
    live = bench.stream(3)
    bench.sending.connected(live)
    bench.due()
    assert bench.receipt(live, 1, generation=7) == Effect(renewed=7, stored=(live.no, 1))
    assert bench.due() == []
    bench.close()


def test_a_receipt_beyond_what_was_written_covers_no_more_than_that(bench: Bench) -> None:
    live = bench.stream(3)
    bench.sending.connected(live)
    bench.due()
    assert bench.receipt(live, 500).stored == (live.no, 3)


def test_many_old_streams_are_sent_side_by_side(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WindowSettings(max_entries=1000))
    streams = [bench.stream(2) for _ in range(300)]
    bench.sending.connected(bench.stream(1))
    assert len(bench.due()) == 1 + 500
    for stream in streams[:250]:
        bench.receipt(stream, 2)
    assert len(bench.due()) == 100
    bench.close()


def test_a_long_backlog_keeps_its_pace_while_what_is_live_goes_at_once(tmp_path: Path) -> None:
    paced = Bench(tmp_path, replace(WINDOW, max_entries=1000, backlog_bytes_s=100.0))
    old = paced.stream(30, size=86)  # 150 bytes each on its way
    live = paced.stream(2, size=86)
    paced.sending.connected(live)
    burst = paced.due(0.0)
    assert burst[:2] == [(live.no, 1), (live.no, 2)]
    assert burst[2:] == [(old.no, n) for n in range(1, 7)]  # eight seconds' worth, the last one on credit
    assert paced.due(0.5) == []
    sent = len(burst) - 2
    for second in range(1, 10):
        sent += len(paced.due(float(second)))
        assert second * 100 + 800 - 150 <= sent * 150 <= second * 100 + 800 + 150
    paced.receipt(old, sent, 100.0)
    assert paced.due(100.0)[0] == (old.no, sent + 1)
    paced.close()
