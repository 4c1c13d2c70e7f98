"""What the outputs of ONNX person detectors mean, by the kind of their head.

``nanodet``: Lyu 2021, generalised focal loss (Li et al. 2020): a pair of outputs for each stride, class
scores (1, cells, classes) and, for each side of the box, a distribution over distances in strides,
(1, cells, 4 x bins). Pictures are stretched.

``yolox``: Ge et al. 2021, as its own exporter writes it: one output (1, cells, 5 + classes) of centre and
size, not decoded, objectness and class scores; ``yolox_decoded`` with centre and size in pixels
(``--decode_in_inference``). Pictures keep their shape in the upper left corner, BGR 0..255.

``yolov8``: as Ultralytics exports YOLOv8, YOLO11 and later ones without "end2end": one output
(1, 4 + classes, cells) of centre and size in pixels and class scores; ``yolov8_pose`` (1, 56, cells) with
17 joints of COCO, of which the wrists are hands. Pictures keep their shape in the middle, RGB 0..1.

Every head is COCO's or knows people alone: the person is the first class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Image
from just_walk_out.camera.detectors.letterbox import Placing

Floats = NDArray[np.float64]
Shapes = Sequence[tuple[int, ...]]

_MEAN = np.array([103.53, 116.28, 123.675], dtype=np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], dtype=np.float32)
_STRIDES = (8, 16, 32, 64)
_PERSON = 0
# COCO's joints: left and right wrist
_JOINTS, _WRISTS = 17, (9, 10)


@dataclass(frozen=True)
class Raw:
    """People in one input, before overlapping ones are dropped.

    Attributes:
        corners: (N, 4) left, top, right, bottom, input pixels.
        scores: (N,) 0..1.
        hands: (N, 2, 3) x, y in input pixels and confidence, or None.
    """

    corners: Floats
    scores: Floats
    hands: Floats | None = None


Decode = Callable[[Sequence[NDArray[Any]], float], Raw]


@dataclass(frozen=True)
class Head:
    """A kind of network.

    Attributes:
        side: of its input, pixels, where the file leaves it open.
        placing: how pictures come into the input.
        overlap: intersection over union from which the weaker of two boxes goes, as its upstream has it.
        normalise: (height, width, 3) uint8 BGR to float32 of the same shape.
        bind: outputs of one run on a plain grey picture, and (width, height) of the input, to what decodes the
            outputs of one picture (without the batch) above a score; ValueError says what was expected.
    """

    side: int
    placing: Placing
    overlap: float
    normalise: Callable[[Image], NDArray[np.float32]]
    bind: Callable[[Sequence[NDArray[Any]], tuple[int, int]], Decode]


def _cells(size: tuple[int, int], stride: int) -> int:
    return (-(-size[0] // stride)) * (-(-size[1] // stride))


def _grid(size: tuple[int, int], strides: Sequence[int]) -> tuple[Floats, Floats]:
    """Return column and row (N, 2) and stride (N, 1) of each cell, stride by stride, row by row."""
    places, widths = [], []
    for stride in strides:
        columns, rows = -(-size[0] // stride), -(-size[1] // stride)
        places.append(np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2))
        widths.append(np.full((columns * rows, 1), stride))
    return np.concatenate(places).astype(np.float64), np.concatenate(widths).astype(np.float64)


def _strides_of(cells: int, size: tuple[int, int]) -> tuple[int, ...] | None:
    for count in (3, 4):
        if sum(_cells(size, stride) for stride in _STRIDES[:count]) == cells:
            return _STRIDES[:count]
    return None


def _said(outputs: Sequence[NDArray[Any]]) -> str:
    return ", ".join("x".join(str(side) for side in part.shape) for part in outputs)


def _bind_nanodet(outputs: Sequence[NDArray[Any]], size: tuple[int, int]) -> Decode:
    levels: list[tuple[int, int, int]] = []
    shapes = [part.shape for part in outputs]
    for stride in _STRIDES:
        fitting = [k for k, shape in enumerate(shapes) if len(shape) == 3 and shape[1] == _cells(size, stride)]
        # scores of COCO's 80 classes or of the person alone; distances of four sides, each of several bins
        scores = [k for k in fitting if shapes[k][2] in (1, 80)]
        distances = [k for k in fitting if shapes[k][2] % 4 == 0 and shapes[k][2] != 80 and shapes[k][2] >= 8]
        if len(scores) == 1 and len(distances) == 1:
            levels.append((stride, scores[0], distances[0]))
    if not levels or 2 * len(levels) != len(outputs):
        counts = " or ".join(str(_cells(size, stride)) for stride in _STRIDES[:3])
        raise ValueError(
            f"expected pairs of 1x{{{counts}}}x80 (or x1) scores and x4n distances for {size[0]}x{size[1]} "
            f"pixels, got {_said(outputs)}"
        )
    # probabilities are not negative; where nothing is to be seen, scores before the sigmoid are
    raw = any(float(outputs[level[1]].min()) < 0.0 for level in levels)

    def decode(outputs: Sequence[NDArray[Any]], least: float) -> Raw:
        boxes: list[Floats] = [np.zeros((0, 4))]
        kept: list[Floats] = [np.zeros(0)]
        for stride, score_index, distance_index in levels:
            confidence = outputs[score_index][:, _PERSON].astype(np.float64)
            confidence = 1.0 / (1.0 + np.exp(-confidence)) if raw else confidence
            chosen = np.flatnonzero(confidence >= least)
            distances = outputs[distance_index][chosen].astype(np.float64)
            bins = distances.reshape(len(chosen), 4, distances.shape[1] // 4)
            share = np.exp(bins - bins.max(axis=2, keepdims=True))
            share /= share.sum(axis=2, keepdims=True)
            reach = share @ np.arange(bins.shape[2]) * stride
            columns = -(-size[0] // stride)
            middle = np.column_stack([chosen % columns, chosen // columns]) * stride + 0.5 * (stride - 1)
            boxes.append(np.column_stack([middle - reach[:, :2], middle + reach[:, 2:]]))
            kept.append(confidence[chosen])
        return Raw(np.concatenate(boxes), np.concatenate(kept))

    return decode


def _corners(centres: Floats, sizes: Floats) -> Floats:
    return np.concatenate([centres - 0.5 * sizes, centres + 0.5 * sizes], axis=1)


def _yolox_binder(decoded: bool) -> Callable[[Sequence[NDArray[Any]], tuple[int, int]], Decode]:
    def bind(outputs: Sequence[NDArray[Any]], size: tuple[int, int]) -> Decode:
        shape = outputs[0].shape
        strides = _strides_of(shape[1], size) if len(outputs) == 1 and len(shape) == 3 else None
        if strides is None or shape[2] < 6:
            count = sum(_cells(size, stride) for stride in _STRIDES[:3])
            raise ValueError(
                f"expected one output of 1x{count}x(5 + classes) for {size[0]}x{size[1]} pixels, got {_said(outputs)}"
            )
        cells, wide = _grid(size, strides)

        def decode(outputs: Sequence[NDArray[Any]], least: float) -> Raw:
            table = outputs[0]
            scores = table[:, 4].astype(np.float64) * table[:, 5 + _PERSON]
            chosen = np.flatnonzero(scores >= least)
            boxes = table[chosen, :4].astype(np.float64)
            if not decoded:
                # sizes as exponents: what a damaged file may hold must not overflow
                sizes = np.exp(np.minimum(boxes[:, 2:], 20.0)) * wide[chosen]
                boxes = np.concatenate([(boxes[:, :2] + cells[chosen]) * wide[chosen], sizes], axis=1)
            return Raw(_corners(boxes[:, :2], boxes[:, 2:]), scores[chosen])

        return decode

    return bind


def _yolov8_binder(joints: int) -> Callable[[Sequence[NDArray[Any]], tuple[int, int]], Decode]:
    def bind(outputs: Sequence[NDArray[Any]], size: tuple[int, int]) -> Decode:
        shape = outputs[0].shape
        sound = len(outputs) == 1 and len(shape) == 3 and _strides_of(shape[2], size) is not None
        if not sound or (shape[1] != 5 + 3 * joints if joints else shape[1] < 5):
            count = sum(_cells(size, stride) for stride in _STRIDES[:3])
            rows = str(5 + 3 * joints) if joints else "(4 + classes)"
            raise ValueError(
                f"expected one output of 1x{rows}x{count} for {size[0]}x{size[1]} pixels, got {_said(outputs)}"
            )

        def decode(outputs: Sequence[NDArray[Any]], least: float) -> Raw:
            table = outputs[0]
            scores = table[4 + _PERSON].astype(np.float64)
            chosen = np.flatnonzero(scores >= least)
            picked = table[:, chosen].T.astype(np.float64)
            hands = None
            if joints:
                hands = picked[:, 5:].reshape(-1, joints, 3)[:, list(_WRISTS)]
            return Raw(_corners(picked[:, :2], picked[:, 2:4]), scores[chosen], hands)

        return decode

    return bind


def _nanodet_input(canvas: Image) -> NDArray[np.float32]:
    return np.asarray((canvas.astype(np.float32) - _MEAN) / _DEVIATION, dtype=np.float32)


def _yolox_input(canvas: Image) -> NDArray[np.float32]:
    return canvas.astype(np.float32)


def _yolov8_input(canvas: Image) -> NDArray[np.float32]:
    return np.asarray(canvas[..., ::-1].astype(np.float32) / np.float32(255.0))


HEADS: dict[str, Head] = {
    "nanodet": Head(416, "stretch", 0.6, _nanodet_input, _bind_nanodet),
    "yolox": Head(640, "corner", 0.45, _yolox_input, _yolox_binder(decoded=False)),
    "yolox_decoded": Head(640, "corner", 0.45, _yolox_input, _yolox_binder(decoded=True)),
    "yolov8": Head(640, "centre", 0.7, _yolov8_input, _yolov8_binder(0)),
    "yolov8_pose": Head(640, "centre", 0.7, _yolov8_input, _yolov8_binder(_JOINTS)),
}
