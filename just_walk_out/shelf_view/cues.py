"""What tells products by sight: colours, and a learnt embedding where the store names a model of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from just_walk_out.shelf_view.augment import cut_out
from just_walk_out.shelf_view.colours import ColourCue, Image, read_photos
from just_walk_out.shelf_view.evidence import allow_astray
from just_walk_out.shelf_view.network import ProductModel, load_model
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.views import Mask
from just_walk_out.store.model import Store


class ProductCue(Protocol):
    """Log-likelihoods of products for what changed on a plate."""

    @property
    def skus(self) -> tuple[str, ...]:
        """The products it can tell."""
        ...

    def likelihoods(self, image: Image, changed: Mask) -> dict[str, float]:
        """Return a log-likelihood for each product, in relation to an unknown thing.

        Args:
            image: (rows, columns, 3) BGR, the view of a plate that shows the product.
            changed: (rows, columns) the pixels that changed.
        """
        ...


class EmbeddingCue:
    """Products by a trained network: its shares, in relation to a product of which nothing is known."""

    def __init__(self, model: ProductModel, store: Store) -> None:
        """Take a model; products that the store does not sell are left out.

        Args:
            model: of ``jwo train products``.
            store: its catalogue.
        """
        self._model = model
        self.skus = tuple(sku for sku in model.skus if sku in store.product)

    def likelihoods(self, image: Image, changed: Mask) -> dict[str, float]:
        """Return log-likelihoods; see ``ProductCue``."""
        model = self._model
        shares = model.log_shares([cut_out(image, changed, model.size)])[0] + math.log(len(model.skus))
        found = dict(zip(model.skus, shares.tolist(), strict=True))
        return {sku: found[sku] for sku in self.skus}


class Sight:
    """Several cues together, which look at the same pixels: their mean, so that nothing counts twice."""

    def __init__(self, cues: Sequence[ProductCue], settings: ShelfViewSettings) -> None:
        """Take cues.

        Args:
            cues: at least one.
            settings: how far evidence may go.
        """
        self._cues = tuple(cues)
        self._settings = settings
        self.skus = tuple(sorted({sku for cue in cues for sku in cue.skus}))

    def scores(self, image: Image, changed: Mask) -> tuple[float, ...]:
        """Return a log-likelihood for each of ``skus``, in relation to an unknown thing, within the limit.

        Args:
            image: (rows, columns, 3) BGR, the view of a plate that shows the product.
            changed: (rows, columns) the pixels that changed.
        """
        said = [cue.likelihoods(image, changed) for cue in self._cues]
        means = {sku: sum(each.get(sku, 0.0) for each in said) / len(said) for sku in self.skus}
        return tuple(allow_astray(means, self._settings.product_astray, self._settings.limit).values())


def product_sight(store: Store, settings: ShelfViewSettings) -> Sight | None:
    """Return what the photos of the catalogue and the store's model allow; None where there is neither.

    Raises:
        PhotoError: a photo cannot be read.
        ModelError: the model cannot be read, or torch is missing.
    """
    cues: list[ProductCue] = []
    photos = read_photos(store)
    if len(photos) > 1:
        cues.append(ColourCue(photos, settings))
    if store.products_model:
        cues.append(EmbeddingCue(load_model(Path(store.products_model)), store))
    return Sight(cues, settings) if cues else None
