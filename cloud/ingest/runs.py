"""Data messages that are plain and in order, staged together: what the host does with each, once for all."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from cloud.ingest.alias_tables import Values
from cloud.ingest.columns import Heads, Ints, Truths
from cloud.ingest.live_columns import ToldColumns
from cloud.ingest.live_values import LiveValues
from cloud.ingest.rows import MAX_POINTS, CommitRows
from cloud.ingest.silent_nodes import Seen
from cloud.ingest.streams import Streams
from cloud.timeseries.batch_columns import BatchArrays
from cloud.timeseries.point_columns import GoodRun
from cloud.timeseries.store import StreamKey
from wire.session import NodeSession
from wire.session_events import NodeId
from wire.sparkplug import MAX_SEQ

_NOTHING: Final = -(1 << 62)  # nothing comes next: every message is out of order


class KnownDevice(NamedTuple):
    """A device that was learned: its session with its count of births then, numbers of device and node."""

    node: NodeId
    device: str
    session: NodeSession
    learned: int
    number: int
    node_number: int

    def holds(self) -> bool:
        """Return whether what was learned still holds."""
        session = self.session
        return session.is_online and self.device in session.devices and session.learned == self.learned


class Group(NamedTuple):
    """Messages that were read together; device and node of each by number, all devices by number."""

    devices: dict[int, KnownDevice]
    device: Ints
    node: Ints
    received_ms: Ints
    heads: Heads
    values: Values


class _Order(NamedTuple):
    """Which messages come next in their sequence and stream; the streams, and which one each belongs to."""

    is_next: Truths
    keys: list[StreamKey]
    key: Ints


class OrderedRuns:
    """Stages messages of a group as far as sequence numbers and positions follow one another.

    Parameters
    ----------
    streams
        The gates.
    rows
        The commit.
    live, seen
        Told what was heard.
    """

    def __init__(
        self, streams: Streams, rows: CommitRows, live: LiveValues, seen: dict[NodeId, Seen]
    ) -> None:
        self._streams = streams
        self._rows = rows
        self._live = live
        self._seen = seen

    def stage(self, group: Group, begin: int, end: int, now_ms: int) -> int:
        """Return up to where messages from `begin` were staged; they lead to no events but their points.

        All of them to `end` must be plain, with devices whose births hold.
        """
        part = slice(begin, end)
        order = self._order(group, part)
        wrong = np.flatnonzero(~order.is_next)
        if len(wrong):
            end = begin + int(wrong[0])
        if end == begin:
            return begin
        part = slice(begin, end)
        key = order.key[: end - begin]
        self._stage_rows(group, part, order.keys, key)
        watermarks = self._rows.commit.watermarks
        for stream, count in zip(
            order.keys, np.bincount(key, minlength=len(order.keys)).tolist(), strict=True
        ):
            if count:
                gate = self._streams.gate(stream)
                gate.take(count)
                watermarks[stream] = gate.staged_through
                self._streams.touched.add(stream)
        # Last: if it fails, what is read again one by one finds the gates shut behind the rows above.
        self._heard(group, part, now_ms)
        return end

    def _order(self, group: Group, part: slice) -> _Order:
        node, heads = group.node[part], group.heads
        sessions = {known.node_number: known for known in group.devices.values()}
        expected = np.full(max(sessions) + 1, _NOTHING)
        for number, known in sessions.items():
            seq = known.session.next_seq
            expected[number] = _NOTHING if seq is None else seq
        ranks = _ranks(node)
        expected = expected[node]
        is_next = (expected >= 0) & ((expected + ranks & MAX_SEQ) == heads.seq[part])
        is_next &= np.diff(group.values.first)[part] <= MAX_POINTS
        # The stream that stands first is a node's only one: what belongs to another is not next.
        first = np.full(max(sessions) + 1, -1)
        first[node[::-1]] = np.arange(len(node))[::-1]
        one, two = heads.stream[0][part], heads.stream[1][part]
        is_next &= (one == one[first[node]]) & (two == two[first[node]])
        keys: list[StreamKey] = []
        positions: list[int] = []
        key = np.zeros_like(first)
        for number in np.flatnonzero(first >= 0).tolist():
            group_id, node_id = sessions[number].node
            stream = b"".join(int(word[first[number]]).to_bytes(8, "little") for word in (one, two))
            key[number] = len(keys)
            keys.append(StreamKey(f"{group_id}/{node_id}", stream.hex()))
            position = self._streams.gate(keys[-1]).next_position
            positions.append(_NOTHING if position is None else position)
        key = key[node]
        is_next &= np.array(positions)[key] + ranks == heads.position[part]
        return _Order(is_next, keys, key)

    def _stage_rows(self, group: Group, part: slice, keys: Sequence[StreamKey], key: Ints) -> None:
        heads, values = group.heads, group.values
        first = values.first[part.start : part.stop + 1]
        points = slice(int(first[0]), int(first[-1]))
        batches = BatchArrays(keys, key, heads.position[part], heads.sent_ms[part], group.received_ms[part])
        number = len(self._rows.commit.batches)
        good = GoodRun(number, np.diff(first), values.tag[points], values.ts_ms[points], values.value[points])
        self._rows.add_run(batches, good)

    def _heard(self, group: Group, part: slice, now_ms: int) -> None:
        node, sent_ms, values = group.node[part], group.heads.sent_ms[part], group.values
        counts = np.bincount(node)
        last = np.zeros(len(counts), np.int64)
        last[node] = np.arange(len(node))  # of several the last one stays
        took = set()
        told = []
        for number in np.flatnonzero(np.bincount(group.device[part])).tolist():
            known = group.devices[number]
            told.append((known.node, known.device))
            seen = self._seen.setdefault(known.node, Seen(0, {}))
            seen.last_ms = now_ms
            if known.device in seen.devices:
                seen.devices[known.device] = now_ms
            if known.node_number not in took:
                took.add(known.node_number)
                count, place = int(counts[known.node_number]), int(last[known.node_number])
                known.session.took(count, int(sent_ms[place]))
        points = slice(int(values.first[part.start]), int(values.first[part.stop]))
        columns = values.tag[points], values.ts_ms[points], values.value[points], values.datatype[points]
        self._live.heard_columns(told, ToldColumns(*columns))


def _ranks(numbers: Ints) -> Ints:
    """Return how many elements before each have the same number."""
    most = int(numbers.max())
    if numbers.min() == most:
        return np.arange(len(numbers))
    # Short numbers are sorted in linear time.
    order = np.argsort(numbers.astype(np.uint16) if most < 1 << 16 else numbers, kind="stable")
    ordered = numbers[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    return ranks
