"""What counts as written."""

from dataclasses import dataclass

from mainshock.stream.kafka.publisher import _Receipts


@dataclass(frozen=True)
class Told:
    """A record as librdkafka tells of it."""

    at: int | None
    number: int = 0

    def topic(self) -> str:
        return "pick.v1"

    def partition(self) -> int:
        return self.number

    def key(self) -> bytes:
        return b"XX.AAA"

    def value(self) -> bytes:
        return b"value"

    def offset(self) -> int | None:
        return self.at


def receipts_of(*told: Told) -> _Receipts:
    receipts = _Receipts()
    for one in told:
        receipts.note(None, one)
    return receipts


def test_a_batch_whose_place_is_unknown_is_unproven_as_a_whole():
    receipts = receipts_of(Told(None), Told(0), Told(1), Told(320, number=1), Told(2))
    assert len(receipts.unproven) == 4
    assert [place.offset for place in receipts.places] == [320]


def test_the_next_batch_of_the_partition_is_written_again():
    receipts = receipts_of(Told(None), Told(0), Told(57), Told(58))
    assert len(receipts.unproven) == 2
    assert [place.offset for place in receipts.places] == [57, 58]


def test_offsets_from_nought_are_places():
    assert [place.offset for place in receipts_of(Told(0), Told(1)).places] == [0, 1]
