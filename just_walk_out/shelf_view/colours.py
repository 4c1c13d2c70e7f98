"""Products by their colours: what changed on a plate against the photos of the catalogue.

The pixels that changed are draws from the product's colours, or from clutter; their log-likelihood under the
histogram of each product's photos, in relation to that of all products together, is the evidence
(Swain and Ballard 1991 compare such histograms; a likelihood of draws adds up with other evidence).
Pixels of one pack are far from independent, so all of them count as a few looks. A camera sees one side of a pack, or a
part: shares of colours vary around those of the photos (Dirichlet-multinomial draws: Madsen et al. 2005 use them for
words that come in bursts). Otherwise a plain side would speak for whichever product is plainest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.stills import Still
from just_walk_out.shelf_view.views import Mask
from just_walk_out.store.load import PICTURES
from just_walk_out.store.model import Store

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_HUES, _GREYS = 18, 4
_PALE, _STRONG, _DARK = 60, 140, 40
_BINS = 2 * _HUES + _GREYS
_MIDDLE = 0.6  # share of a photo's width and height, around its middle, that shows the product
_INSIDE = 0.85  # share of a change that lies over the plate if it is of the plate's goods
_TOUCHING = 0.05  # of a change, what of its rim may be hidden: more is the rest of somebody who hides it
_FLOOR = 0.02  # share that is spread over all colours, since photos are few


class PhotoError(Exception):
    """A photo that cannot be read; the message names it."""


def read_photos(store: Store) -> dict[str, list[Image]]:
    """Return the photos (height, width, 3), BGR, of each product that has any, by SKU.

    Raises:
        PhotoError: a file is no picture.
    """
    found: dict[str, list[Image]] = {}
    for product in store.products:
        if not product.photos:
            continue
        for path in sorted(Path(product.photos).iterdir()):
            if path.suffix.lower() in PICTURES:
                image = cv2.imread(str(path), cv2.IMREAD_COLOR)
                if image is None:
                    raise PhotoError(f"{path}: expected a picture of {product.sku}, it cannot be read as one")
                found.setdefault(product.sku, []).append(np.asarray(image, np.uint8))
    return found


class ColourCue:
    """Log-likelihoods of products for the pixels that changed on a plate."""

    def __init__(self, photos: Mapping[str, Sequence[Image]], settings: ShelfViewSettings) -> None:
        """Learn the colours of the products from their photos.

        Args:
            photos: (height, width, 3), BGR, by SKU; the product is in the middle.
            settings: how much looks are worth.
        """
        self.skus = tuple(sorted(photos))
        self._settings = settings
        self._colours = np.array([_colours_of(photos[sku]) for sku in self.skus]).reshape(-1, _BINS)
        self._any = self._colours.mean(axis=0) if len(self.skus) else np.full(_BINS, 1.0 / _BINS)

    def likelihoods(self, image: Image, changed: Mask) -> dict[str, float]:
        """Return a log-likelihood for each of ``skus``, in relation to an unknown thing.

        Args:
            image: (rows, columns, 3) BGR, the one that shows the product.
            changed: (rows, columns) the pixels that count.
        """
        settings = self._settings
        worth = settings.looks * min(1.0, float(changed.sum()) / (4.0 * settings.least_pixels))
        drawn = worth * histogram(image[changed][None])
        expected = (1.0 - settings.clutter) * self._colours + settings.clutter * self._any
        unknown = _chance(drawn, settings.colour_spread * self._any)
        return dict(zip(self.skus, (_chance(drawn, settings.colour_spread * expected) - unknown).tolist(), strict=True))


def changed_pixels(before: Sequence[Still], after: Still, mask: Mask, level: float) -> tuple[Mask, Mask]:
    """Return the pixels (rows, columns) over a plate whose goods changed, and those where something else is now.

    Goods stand in the space over their plate: a change that reaches out of it, or out of what is hidden, is somebody
    who came, left or leant.

    Args:
        before: what the plate's view with its margin may have looked like; changed is what is like none of them.
        after: what it looks like now.
        mask: which pixels show the space over the plate.
        level: least change of a channel, of 255.
    """
    known = after.known & np.any([still.known for still in before], axis=0)
    changed = known.copy()
    for still in before:
        both = after.known & still.known
        one, other = (
            cv2.GaussianBlur(np.where(both[..., None], each.image, 0).astype(np.uint8), (3, 3), 0)
            for each in (still, after)
        )
        changed &= ~both | (cv2.absdiff(one, other).max(axis=2) > level)
    parts = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    # the parts of one thing, between which its print stayed as it was, belong together
    whole = cv2.dilate(parts, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(whole, connectivity=8)
    rim = cv2.dilate((~known).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    hidden = np.bincount(labels[rim], minlength=count)
    labels = np.where(parts > 0, labels, 0)
    inside = np.bincount(labels[mask], minlength=count)
    total = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    kept = (inside >= _INSIDE * total) & (hidden <= _TOUCHING * total)
    kept[0] = False
    return np.asarray(kept[labels] & mask), np.asarray((labels > 0) & ~kept[labels] & mask)


def histogram(image: Image) -> Floats:
    """Return the share of each colour in an image (rows, columns, 3), BGR: hues, pale and strong, then greys."""
    hue, saturation, value = (
        plane.ravel().astype(np.intp) for plane in cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
    )
    tint = hue * _HUES // 180 + np.where(saturation >= _STRONG, _HUES, 0)
    grey = 2 * _HUES + value * _GREYS // 256
    bins = np.where((saturation < _PALE) | (value < _DARK), grey, tint)
    counts = np.bincount(bins, minlength=_BINS).astype(np.float64)
    return np.asarray(counts / max(float(counts.sum()), 1.0))


def _chance(drawn: Floats, weights: Floats) -> Floats:
    """Return the log-likelihoods of numbers of colours (bins,) by Dirichlet weights (..., bins), but for a constant."""
    return np.asarray((gammaln(weights + drawn) - gammaln(weights)).sum(axis=-1))


def _colours_of(photos: Sequence[Image]) -> Floats:
    total = np.zeros(_BINS)
    for photo in photos:
        high, wide = photo.shape[:2]
        top, left = round(high * (1.0 - _MIDDLE) / 2.0), round(wide * (1.0 - _MIDDLE) / 2.0)
        total += histogram(np.ascontiguousarray(photo[top : high - top, left : wide - left]))
    # neighbouring hues and strengths get a part: the light of the store is not that of the photos
    tints = total[: 2 * _HUES].reshape(2, _HUES)
    spread = 0.6 * tints + 0.2 * np.roll(tints, 1, axis=1) + 0.2 * np.roll(tints, -1, axis=1)
    spread = 0.8 * spread + 0.2 * spread[::-1]
    greys = total[2 * _HUES :]
    near = np.convolve(greys, [0.2, 0.6, 0.2], mode="same")
    whole = np.concatenate([spread.ravel(), near])
    return np.asarray((1.0 - _FLOOR) * whole / whole.sum() + _FLOOR / _BINS)
