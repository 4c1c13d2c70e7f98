"""What a shelf camera sees: the goods as they stand at the moment, and who reaches for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from just_walk_out.simulation.figure import Figure
from just_walk_out.simulation.packs import goods_on
from just_walk_out.simulation.raycast import Canvas
from just_walk_out.simulation.render import Image, OverviewCamera
from just_walk_out.simulation.scene import Quad, build_scene
from just_walk_out.simulation.stock import Unit
from just_walk_out.store.model import Camera, Store


class ShelfCamera:
    """Draws goods and people into a static picture of the store; goods are drawn again when they change."""

    def __init__(
        self,
        camera: Camera,
        store: Store,
        seed: int,
        dresses: Mapping[str, str] | None = None,
        bare: Canvas | None = None,
    ) -> None:
        """Render the store with bare shelves once.

        Args:
            camera: of role shelf, with calibration and pose.
            store: what it hangs in.
            seed: of the simulation, for the noise of the sensor.
            dresses: what packs look like, by SKU; what follows from the SKU where that says nothing.
            bare: of another camera of the same place in the same store, so that it need not be rendered again.
        """
        self._store = store
        self._plates = [plate.id for shelf in camera.shelves for plate in store.shelf[shelf].plates]
        self._dresses = dict(dresses or {})
        if bare is None:
            bare = Canvas(camera)
            bare.paint(build_scene(store, bare=camera.shelves))
        self.bare = bare
        """The store as it is without the goods of these shelves."""
        self._people = OverviewCamera(camera, (), seed)
        self._counts: tuple[tuple[str, ...], ...] | None = None
        self._quads: dict[str, tuple[tuple[str, ...], list[Quad]]] = {}

    def render(self, units: Mapping[str, Sequence[Unit]], figures: Sequence[Figure]) -> Image:
        """Return a frame (height, width, 3), BGR.

        Args:
            units: what stands on each plate.
            figures: the people.
        """
        counts = tuple(tuple(unit.sku for unit in units[plate]) for plate in self._plates)
        if counts != self._counts:
            self._counts = counts
            canvas = self.bare.copy()
            for plate, skus in zip(self._plates, counts, strict=True):
                if self._quads.get(plate, (None,))[0] != skus:
                    self._quads[plate] = (skus, goods_on(self._store, plate, units[plate], self._dresses))
                canvas.paint(self._quads[plate][1])
            self._people.show(*canvas.view())
        return self._people.render(figures)
