"""Records in the order in which the store hands them to the entry stage."""

from just_walk_out.records import GateCrossingArray, TrackArray


def push(stage, *records):
    """Push records, and before each tick of the gates that of the tracks that it follows from, with nobody."""
    outputs = []
    for record in records:
        if isinstance(record, GateCrossingArray):
            outputs += stage.push(TrackArray(record.stamp, (), ()))
        outputs += stage.push(record)
    return outputs
