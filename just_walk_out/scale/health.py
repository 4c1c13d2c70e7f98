"""How a serial line of load cells is, for diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.scale.protocols import LineCounts

# Share of lost samples that somebody should look at.
_LOSS = 0.01


@dataclass(frozen=True)
class BoardHealth:
    """State of one board.

    Attributes:
        board: its address.
        rate: samples a second.
        age: seconds since its last frame.
        stale: it has been silent for too long.
        lost: samples known to be lost since the driver started.
        loss: share of samples lost of late, 0 to 1.
        restarts: how often its clock was learned anew.
        skew: how much slower its clock is than the host's, relative.
        faulty: plates that are not well.
        stuck: those of them whose count stands still.
    """

    board: int
    rate: float
    age: float
    stale: bool
    lost: int
    loss: float
    restarts: int
    skew: float
    faulty: tuple[str, ...]
    stuck: tuple[str, ...]


@dataclass(frozen=True)
class DriverHealth:
    """State of one serial line.

    Attributes:
        bus: its id.
        counts: what has been received and thrown away.
        boards: one entry a board of the description.
        notices: what is wrong with the description of the line.
    """

    bus: str
    counts: LineCounts
    boards: tuple[BoardHealth, ...]
    notices: tuple[str, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps plates from being weighed; one line each."""
        stale = [str(board.board) for board in self.boards if board.stale]
        return (f"no samples from board {', '.join(stale)}",) if stale else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What else somebody should look at; one line each."""
        stuck = {plate for board in self.boards for plate in board.stuck}
        faulty = [f"{plate} (stuck)" if plate in stuck else plate for board in self.boards for plate in board.faulty]
        found = [f"plates not OK: {', '.join(faulty)}"] if faulty else []
        found += [
            f"board {board.board} loses {100 * board.loss:.1f} % of its samples"
            for board in self.boards
            if board.loss > _LOSS and not board.stale
        ]
        return (*found, *self.notices)
