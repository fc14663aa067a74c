"""What holds in every simulated world."""

import itertools
import time
from collections import Counter, defaultdict
from random import Random

import pytest
from demo_worlds import Worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.events import ConditionSampled, JobChanged, OrderEntered, PartMade, StateChanged, TagRead
from simulators.figures import segments
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from simulators.plc import HISTORY_ROWS, PlcMemory
from simulators.shift_calendar import length_ms, overlap, planned
from simulators.world import World

pytestmark = pytest.mark.slow

HOUR_MS = 3_600_000
HOURS = 14.0
# Other worlds in every run, the same for all claims of it: a world takes a second to run, a claim does not.
SEEDS = sorted(Random().sample(range(10_000), 4))
seeds = given(seed=st.sampled_from(SEEDS))
few = settings(
    max_examples=len(SEEDS),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


def test_the_same_seed_gives_the_same_ledger_however_it_is_advanced(demo: Plant, worlds: Worlds) -> None:
    whole = worlds.ledger(5, 6.0)
    steps = itertools.cycle([1, 7, 333, 12_345, 900_001, 2, 64_000])
    world = World(demo, 5, whole.start_ms)
    pieces = Ledger(demo.id, 5, whole.start_ms, whole.start_ms)
    events = []
    now_ms = whole.start_ms
    while now_ms < whole.through_ms:
        now_ms = min(whole.through_ms, now_ms + next(steps))
        piece = world.advance(now_ms)
        events += piece
        pieces.record(piece, now_ms)
    assert pieces.digest() == whole.digest()
    assert events == worlds.events(5, 6.0)


def test_two_seeds_give_two_worlds(worlds: Worlds) -> None:
    assert worlds.ledger(5, 6.0).digest() != worlds.ledger(6, 6.0).digest()


def test_a_ledger_survives_its_json_form(worlds: Worlds) -> None:
    ledger = worlds.ledger(5, 6.0)
    assert Ledger.from_json(ledger.to_json()) == ledger


def test_the_world_does_not_go_back(demo: Plant) -> None:
    world = World(demo, 1, demo.origin_ms)
    world.advance(demo.origin_ms + 10)
    with pytest.raises(ValueError, match="cannot go back"):
        world.advance(demo.origin_ms + 9)


def test_a_plant_day_takes_well_under_two_seconds(demo: Plant) -> None:
    world = World(demo, 8, demo.origin_ms)
    began = time.process_time()
    world.advance(demo.origin_ms + 24 * HOUR_MS)
    assert time.process_time() - began < 2.0


@few
@seeds
def test_events_come_by_time_and_never_two_of_a_machine_at_once(seed: int, worlds: Worlds) -> None:
    events = worlds.events(seed, HOURS)
    assert all(a.ts_ms <= b.ts_ms for a, b in itertools.pairwise(events))
    machine_events = [
        (e.source, e.ts_ms)
        for e in events
        if isinstance(e, StateChanged | JobChanged | PartMade | ConditionSampled)
    ]
    assert max(Counter(machine_events).values()) == 1


@few
@seeds
def test_time_is_conserved(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for machine in demo.machines:
        runs = segments(ledger, machine.id)
        assert runs[0].start_ms == ledger.start_ms
        assert all(a.end_ms == b.start_ms and a.state != b.state for a, b in itertools.pairwise(runs))
        assert sum(run.end_ms - run.start_ms for run in runs) == ledger.through_ms - ledger.start_ms


@few
@seeds
def test_the_plc_counts_what_the_ledger_knows(seed: int, demo: Plant, worlds: Worlds) -> None:
    events, ledger = worlds.events(seed, HOURS), worlds.ledger(seed, HOURS)
    memories = {machine.id: PlcMemory(machine.id, demo.code_of) for machine in demo.machines}
    for event in events:
        if event.source in memories:
            memories[event.source].apply(event)
    for machine, memory in memories.items():
        parts = ledger.parts[machine]
        assert memory.good == sum(part.good for part in parts)
        assert memory.reject == sum(not part.good for part in parts)
        running = sum(r.end_ms - r.start_ms for r in segments(ledger, machine) if r.state == "running")
        assert memory.run_ms(ledger.through_ms) == running


@few
@seeds
def test_the_history_ring_agrees_with_the_ledger(seed: int, demo: Plant, worlds: Worlds) -> None:
    events, ledger = worlds.events(seed, HOURS), worlds.ledger(seed, HOURS)
    for machine in demo.machines:
        memory = PlcMemory(machine.id, demo.code_of)
        for event in events:
            if event.source == machine.id:
                memory.apply(event)
        states, jobs = ledger.states[machine.id], ledger.jobs[machine.id]
        assert memory.history_head == len(states) + len(jobs)
        assert len(memory.history) == HISTORY_ROWS
        numbers = [entry.seq for entry in memory.history]
        assert numbers == list(range(memory.history_head - HISTORY_ROWS + 1, memory.history_head + 1))
        for entry in memory.history:
            at = entry.ts_ms
            assert demo.state_codes[entry.state] == [s.state for s in states if s.ts_ms <= at][-1]
            assert entry.job == [0, *(j.job for j in jobs if j.ts_ms <= at)][-1]
            assert entry.good == sum(p.good for p in ledger.parts[machine.id] if p.ts_ms <= at)
            assert entry.reject == sum(not p.good for p in ledger.parts[machine.id] if p.ts_ms <= at)


@few
@seeds
def test_a_plc_says_why_it_stands_only_while_it_is_broken_or_jammed(
    seed: int, demo: Plant, worlds: Worlds
) -> None:
    codes = demo.rules.reason_codes
    said: set[int] = set()
    for states in worlds.ledger(seed, HOURS).states.values():
        for entry in states:
            if entry.state == "breakdown":
                assert entry.reason in codes[entry.cause]
            elif entry.state == "jammed":
                assert entry.reason in codes["jammed"]
            else:
                assert entry.reason == 0
            said.add(entry.reason)
    assert said > {0, *codes["jammed"]}


def test_the_first_history_entry_is_the_power_on(demo: Plant) -> None:
    world = World(demo, 3, demo.origin_ms)
    memory = PlcMemory("L1-OP10", demo.code_of)
    for event in world.advance(demo.origin_ms):
        if event.source == "L1-OP10":
            memory.apply(event)
    assert memory.flat_history() == [1, demo.origin_ms, demo.code_of["idle"], 0, 0, 0, 0]


@few
@seeds
def test_parts_flow_in_order_within_the_buffers(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for line in demo.lines:
        for before, after in itertools.pairwise(line.machines):
            fed = [part for part in ledger.parts[before.id] if part.good]
            made = ledger.parts[after.id]
            assert len(made) <= len(fed)
            for source, part in zip(fed, made, strict=False):
                assert source.ts_ms < part.ts_ms
                assert source.job // 100 == part.job // 100
            # A part more than the buffer may be in work behind it, and one be held in front of it.
            room = before.physics.buffer + 2
            assert all(made[i].ts_ms < fed[i + room].ts_ms for i in range(len(fed) - room))


@few
@seeds
def test_states_obey_the_calendar(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    open_ms = planned(demo, ledger.start_ms, ledger.through_ms)
    for machine in demo.machines:
        spent: dict[str, int] = defaultdict(int)
        for run in segments(ledger, machine.id):
            spent[run.state] += length_ms(overlap(open_ms, [(run.start_ms, run.end_ms)]))
            if run.state not in {"planned_stop", "breakdown"}:
                assert length_ms(overlap(open_ms, [(run.start_ms, run.end_ms)])) == run.end_ms - run.start_ms
        assert spent["planned_stop"] == 0
        assert all(
            length_ms(overlap(open_ms, [(p.ts_ms, p.ts_ms + 1)])) == 1 for p in ledger.parts[machine.id]
        )


def test_a_machine_rests_from_saturday_night_to_monday_morning(demo: Plant) -> None:
    sunday_8 = demo.origin_ms + 6 * 24 * HOUR_MS - 8 * HOUR_MS
    world = World(demo, 2, sunday_8 - 8 * HOUR_MS)
    ledger = Ledger(demo.id, 2, world.start_ms, world.start_ms)
    ledger.record(world.advance(sunday_8 + 30 * HOUR_MS), sunday_8 + 30 * HOUR_MS)
    rest = [r for r in segments(ledger, "L1-OP30") if r.state == "planned_stop"]
    assert (sunday_8, sunday_8 + 24 * HOUR_MS) in [(run.start_ms, run.end_ms) for run in rest]


@few
@seeds
def test_cycles_are_never_shorter_than_ideal_and_jobs_match_their_orders(
    seed: int, demo: Plant, worlds: Worlds
) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for machine in demo.machines:
        parts = ledger.parts[machine.id]
        assert all(b.ts_ms - a.ts_ms > 1000 * b.ideal_s for a, b in itertools.pairwise(parts))
    lines = {line.work_order: (order, line) for order in ledger.orders for line in order.lines}
    for name, parts in ledger.parts.items():
        for part in parts:
            order, line = lines[part.job // 100]
            assert (part.order, part.line) == (order.number, line.line)
            product = next(p for x in demo.lines for p in x.products if p.id == line.product)
            step = next(step for step in product.routing if step.machine == name)
            assert part.job % 100 == step.sequence
            assert part.ideal_s == step.ideal_s


@few
@seeds
def test_orders_are_known_hours_ahead_and_finished_exactly(seed: int, demo: Plant, worlds: Worlds) -> None:
    events, ledger = worlds.events(seed, HOURS), worlds.ledger(seed, HOURS)
    entered = {e.order.number: e.order.entered_ms for e in events if isinstance(e, OrderEntered)}
    assert len(entered) == len(ledger.orders)
    numbers = [line.work_order for order in ledger.orders for line in order.lines]
    assert len(set(numbers)) == len(numbers)
    ahead_ms = demo.rules.order_entered_before_h * HOUR_MS
    for machine, parts in ledger.parts.items():
        last_of_line = any(line.machines[-1].id == machine for line in demo.lines)
        for work_order, made in itertools.groupby(parts, key=lambda part: part.job // 100):
            group = list(made)
            order, line = next((o, x) for o in ledger.orders for x in o.lines if x.work_order == work_order)
            assert group[0].ts_ms >= order.entered_ms + ahead_ms
            if last_of_line and group[-1] is not parts[-1]:
                assert sum(part.good for part in group) == line.quantity


@few
@seeds
def test_every_good_unit_is_read_once_in_order_before_the_next(
    seed: int, demo: Plant, worlds: Worlds
) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for line in demo.lines:
        assert line.reader is not None
        units = [part for part in ledger.parts[line.machines[-1].id] if part.good]
        passes = [
            (epc, list(g)) for epc, g in itertools.groupby(ledger.reads[line.reader.id], lambda r: r.epc)
        ]
        assert [epc for epc, _ in passes] == [unit.epc for unit in units][: len(passes)]
        assert len(units) - len(passes) <= 1
        assert len({epc for epc, _ in passes}) == len(passes)
        for unit, (_, reads) in zip(units, passes, strict=False):
            assert line.reader.transit_s[0] * 1000 <= reads[0].ts_ms - unit.ts_ms <= 20_000
            assert 1 <= len(reads) <= 4
            assert reads[-1].ts_ms - reads[0].ts_ms < 1000
        assert all(reads[-1].ts_ms < unit.ts_ms for (_, reads), unit in zip(passes, units[1:], strict=False))


@few
@seeds
def test_a_repair_goes_on_through_a_break(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for breakdown in ledger.breakdowns():
        if breakdown.end_ms is None:
            continue
        assert breakdown.kind in {"wear", "random"}
        low, high = demo.machine(breakdown.machine).physics.repair_min
        if breakdown.kind == "wear":
            low, high = 35, 70
        assert low * 60_000 <= breakdown.end_ms - breakdown.start_ms <= high * 60_000


@few
@seeds
def test_a_setup_or_jam_cut_by_a_break_keeps_its_length(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    least_s, most_s = demo.rules.setup_same_min[0] * 60, demo.rules.setup_other_min[1] * 60
    for machine in demo.machines:
        lengths = {"setup": (least_s, most_s), "jammed": machine.physics.jam_s}
        runs = segments(ledger, machine.id)
        spent_ms = 0
        for run, after, later in zip(runs, runs[1:], runs[2:], strict=False):
            if run.state in lengths:
                spent_ms += run.end_ms - run.start_ms
                if after.state != "planned_stop" or later.state != run.state:
                    low, high = lengths[run.state]
                    assert low * 1000 - 2 <= spent_ms <= high * 1000 + 2
                    spent_ms = 0


def test_reads_are_the_only_events_of_readers(demo: Plant, worlds: Worlds) -> None:
    readers = {reader.id for reader in demo.readers}
    kinds = {type(event) for event in worlds.events(1, HOURS) if event.source in readers}
    assert kinds == {TagRead}
