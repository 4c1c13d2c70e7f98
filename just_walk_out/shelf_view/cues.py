"""What tells products by sight: colours, and a learnt embedding where a model of one is there."""

from __future__ import annotations

from typing import Protocol

from just_walk_out.shelf_view.colours import ColourCue, Image, read_photos
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Mask
from just_walk_out.store.model import Store


class ProductCue(Protocol):
    """Log-likelihoods of products for what changed on a plate."""

    @property
    def skus(self) -> tuple[str, ...]:
        """The products it can tell."""
        ...

    def scores(self, image: Image, changed: Mask) -> tuple[float, ...]:
        """Return one log-likelihood a product, in relation to an unknown thing.

        Args:
            image: (rows, columns, 3) BGR, the view of a plate that shows the product.
            changed: (rows, columns) the pixels that changed.
        """
        ...


def product_cue(store: Store, settings: ShelfViewSettings) -> ProductCue | None:
    """Return what the photos of the catalogue allow; None where fewer than two products have any.

    Raises:
        PhotoError: a photo cannot be read.
    """
    photos = read_photos(store)
    return ColourCue(photos, settings) if len(photos) > 1 else None
