"""Tare and calibration of the plates of a running bus: measured, kept in the file, then put in force."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from just_walk_out.scale.adjustments import (
    Adjustment,
    adjustments_path,
    load_adjustments,
    save_adjustments,
    utc_text,
)
from just_walk_out.scale.calibration import CalibrationError
from just_walk_out.scale.clock import ClockSettings
from just_walk_out.scale.driver import DriverSettings, LoadCellDriver
from just_walk_out.scale.reading import Reading, ReadingError
from just_walk_out.store.bus import Bus
from just_walk_out.store.model import Store

_NAMED = 4


class PlateAdjuster:
    """The driver of a bus together with the file that keeps zero and scale of its plates.

    Attributes:
        driver: converts by what the description says and the file outranks.
        path: of the file.
    """

    def __init__(
        self,
        bus: Bus,
        store: Store,
        state_dir: Path,
        settings: DriverSettings | None = None,
        clock_settings: ClockSettings | None = None,
    ) -> None:
        """Read the file and make the driver.

        Raises:
            StoreError: the file is wrong; one line for each mistake.
            ValueError: the bus names a protocol that does not exist.
        """
        self._bus = bus
        self._settings = settings or DriverSettings()
        self.path = adjustments_path(state_dir, bus.id)
        self._adjustments = load_adjustments(self.path, bus)
        self.driver = LoadCellDriver(bus, store, self._settings, clock_settings, self._adjustments)

    @property
    def adjusted(self) -> int:
        """How many plates have a zero or scale of their own."""
        return len(self._adjustments)

    def measure(self, plate: str, stamp: int) -> Reading:
        """Return what a plate reads now, at rest or not; see ``LoadCellDriver.reading``."""
        return self.driver.reading(plate, stamp)

    def tare(self, stamp: int) -> str:
        """Zero all plates of the bus by what they read now; all of them or none.

        Args:
            stamp: host time, nanoseconds.

        Returns:
            One line for people: what was done.

        Raises:
            ReadingError: a plate is not at rest, or gives no values; nothing was changed.
            OSError: the file cannot be written; nothing was changed.
        """
        zeros: dict[str, float] = {}
        troubles = []
        for plate in self.driver.plates():
            try:
                zeros[plate] = self._resting(plate, stamp)
            except ReadingError as error:
                troubles.append(str(error))
        if troubles:
            more = f"; and {len(troubles) - _NAMED} more" if len(troubles) > _NAMED else ""
            raise ReadingError(f"bus {self._bus.id}: nothing tared: {'; '.join(troubles[:_NAMED])}{more}")
        moved = {}
        for plate, zero in zeros.items():
            old, scale = self.driver.calibration(plate)
            moved[plate] = (zero - old) * scale
        self._keep(
            {plate: replace(self._known(plate), zero=zero, changed=utc_text(stamp)) for plate, zero in zeros.items()}
        )
        most = max(moved, key=lambda plate: abs(moved[plate]))
        return f"bus {self._bus.id}: {len(zeros)} plates zeroed; the farthest off was {most}, {moved[most]:+.4f} kg"

    def calibrate(self, plate: str, zero: float, scale: float, stamp: int) -> str:
        """Put zero (counts) and scale (kilograms per count) of a plate in force and keep them.

        Returns:
            One line for people: what was done.

        Raises:
            CalibrationError: a number is no such thing; nothing was changed.
            ReadingError: the bus does not weigh that plate.
            OSError: the file cannot be written; nothing was changed.
        """
        if not math.isfinite(zero) or not math.isfinite(scale) or scale == 0.0:
            raise CalibrationError(
                f"plate {plate}: expected a zero in counts and a scale in kg per count other than 0, "
                f"got {zero:g} and {scale:g}"
            )
        self.driver.calibration(plate)
        self._keep({plate: Adjustment(zero, scale, utc_text(stamp))})
        return f"plate {plate}: zero {zero:.8g} counts, scale {scale:.6g} kg per count in force and kept"

    def _known(self, plate: str) -> Adjustment:
        return self._adjustments.get(plate, Adjustment())

    def _resting(self, plate: str, stamp: int) -> float:
        reading = self.driver.reading(plate, stamp)
        moved = reading.spread * abs(self.driver.calibration(plate)[1])
        if moved > self._settings.rest_spread:
            raise ReadingError(
                f"plate {plate} is not at rest: it moved by {moved * 1000:.1f} g within {reading.duration:.1f} s"
            )
        return reading.mean

    def _keep(self, changes: dict[str, Adjustment]) -> None:
        # On disk first: what is in force must survive the process.
        adjustments = {**self._adjustments, **changes}
        save_adjustments(self.path, self._bus.id, adjustments)
        self._adjustments = adjustments
        for plate, each in changes.items():
            zero, scale = self.driver.calibration(plate)
            self.driver.adjust(
                plate, zero if each.zero is None else each.zero, scale if each.scale is None else each.scale
            )
