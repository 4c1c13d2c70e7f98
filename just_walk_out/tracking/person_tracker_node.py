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
        unused = ", ".join(self._tracker.unused_cameras())
        values = {
            camera: f"{counts.used} used, {counts.resting} resting, {counts.late} late, {counts.repeated} repeated, "
            f"{counts.ahead} ahead"
            for camera, counts in self._tracker.counts.items()
        }
        if unused:
            text = f"nothing of {unused} can be used: too late beside the others, or stamped by a clock that is off"
            return Health(Level.WARN, text, values)
        return Health(Level.OK, "used as they come", values)


def main() -> int:
    """Run the node."""
    return run(PersonTrackerNode)
