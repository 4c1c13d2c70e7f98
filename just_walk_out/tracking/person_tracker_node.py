"""Node ``person_tracker``: detections of all cameras in, tracks out."""

from just_walk_out.ros.diagnostics import Health, Level
from just_walk_out.ros.parameters import declare
from just_walk_out.ros.stages import StageNode, run
from just_walk_out.tracking.settings import TrackerSettings
from just_walk_out.tracking.stage import TrackerStage


class PersonTrackerNode(StageNode):
    """Wires the tracker, and says of which cameras it uses nothing."""

    def __init__(self) -> None:
        """Begin, or go on from the last snapshot."""
        super().__init__("person_tracker", self._build)
        self.diagnostics.add("cameras", self._cameras)

    def _build(self, node: StageNode) -> TrackerStage:
        self._tracker = TrackerStage(node.store, declare(node, TrackerSettings))
        return self._tracker

    def _cameras(self) -> Health:
        unused = self._tracker.unused_cameras()
        counted = self._tracker.counts
        values = {
            camera: f"{counts.used} used, {counts.resting} resting, {counts.late} late, {counts.repeated} repeated, "
            f"{counts.ahead} ahead"
            for camera, counts in counted.items()
        }
        if not unused:
            return Health(Level.OK, "used as they come", values)
        others = "the others'" if len(counted) > 2 else "the other's, whose clock may be the one that is off"
        return Health(Level.WARN, "; ".join(_apart(camera, lead, others) for camera, lead in unused.items()), values)


def _apart(camera: str, lead: float, others: str) -> str:
    """Say why nothing of a camera is used whose stamps are so many seconds ahead; negative: behind."""
    if lead > 0.0:
        return f"nothing of {camera} is used: its clock is {lead:.1f} s ahead of {others}"
    return f"nothing of {camera} is used: it is late, or its clock is off: {-lead:.1f} s behind {others}"


def main() -> int:
    """Run the node."""
    return run(PersonTrackerNode)
