"""What a plate looks like without the people before it: pixel by pixel, from pictures of which each shows a part.

People before a shelf move and hide now this, now that part of it, so no single picture need show a whole plate. A
pixel counts in a picture where nothing moves and, if asked for, no body is in front; the median of the few pictures
that are nearest in time to a step is what is there (the median as background: Gloyer et al. 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from just_walk_out.shelf_view.pictures import Crop, Image
from just_walk_out.shelf_view.views import Mask


@dataclass(frozen=True, eq=False)
class Still:
    """A plate without people.

    Attributes:
        image: (rows, columns, 3) BGR; 0 where nothing is known.
        known: (rows, columns) the pixels that were in sight.
        start: time of the first picture of which any pixel is used, nanoseconds.
        end: of the last.
    """

    image: Image
    known: Mask
    start: int
    end: int


def compose(crops: Sequence[Crop], open_to: Sequence[Mask] | None, least: int, most: int) -> Still | None:
    """Return what is behind the people; None where nothing is known.

    Args:
        crops: pictures of one plate, the most telling first.
        open_to: for each, (rows, columns) pixels before which nobody stood; None for all that are still.
        least: pictures in which a pixel must count to be known.
        most: pictures of a pixel that are looked at.
    """
    if not crops:
        return None
    shape = crops[0].still.shape
    shown = np.full((most, *shape, 3), 255, np.uint8)
    count = np.zeros(shape, np.intp)
    used: list[int] = []
    for crop, free in zip(crops, open_to or [crop.still for crop in crops], strict=True):
        rows, columns = np.nonzero(crop.still & free & (count < most))
        if len(rows):
            shown[count[rows, columns], rows, columns] = crop.image[rows, columns]
            count[rows, columns] += 1
            used.append(crop.stamp)
        if int(count.min()) >= most:
            break
    known = count >= least
    if not known.any():
        return None
    # places without a picture hold the largest value, so that they come last
    shown.sort(axis=0)
    middle = np.maximum(count - 1, 0) // 2
    image = np.take_along_axis(shown, middle[None, :, :, None], axis=0)[0]
    return Still(np.where(known[..., None], image, 0).astype(np.uint8), known, min(used), max(used))
