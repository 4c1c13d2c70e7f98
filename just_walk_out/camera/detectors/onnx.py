"""Person detection with an ONNX file, run by onnxruntime (an extra).

Head: NanoDet (Lyu 2021; generalised focal loss, Li et al. 2020): for each stride the class scores and,
for each side of the box, a distribution over distances in strides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Detections, Image

Floats = NDArray[np.float64]

_MEAN = np.array([103.53, 116.28, 123.675], dtype=np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], dtype=np.float32)
_PERSON = 0
_OVERLAP = 0.6


class OnnxDetector:
    """Runs a NanoDet file; has no memory, so one serves any number of cameras."""

    def __init__(self, model: str, *, score: float = 0.5, device: str = "auto") -> None:
        """Load the file.

        Args:
            model: path of the ONNX file.
            score: least confidence that is reported.
            device: "cpu", "cuda", or "auto" for the best there is.

        Raises:
            ModuleNotFoundError: onnxruntime is not installed.
            FileNotFoundError: no such file.
            ValueError: the file's outputs are not a NanoDet head.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("the onnx detector needs onnxruntime: install just_walk_out[onnx]") from error
        if not Path(model).is_file():
            raise FileNotFoundError(f"detector model {model!r}: no such file; expected an ONNX file")
        there = onnxruntime.get_available_providers()
        wanted = ["CPUExecutionProvider"] if device == "cpu" else ["CUDAExecutionProvider", "CPUExecutionProvider"]
        options = onnxruntime.SessionOptions()
        # One camera node of several on a computer must not take all its cores.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=[name for name in wanted if name in there]
        )
        self._least = score
        entry = self._session.get_inputs()[0]
        self._input = entry.name
        size = [value if isinstance(value, int) else 416 for value in entry.shape[-2:]]
        self._size = (size[1], size[0])
        self._batched = not isinstance(entry.shape[0], int)
        self._levels = _pair_outputs(self._session.get_outputs(), self._size, model)

    def detect(self, image: Image, stamp: int = 0) -> Detections:
        """Find the people; see ``PersonDetector``."""
        return self.detect_batch([image])[0]

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Find the people of several pictures, in one run where the file's batch size is free."""
        if not images:
            return []
        ready = np.stack([self._prepare(image) for image in images])
        groups = [ready] if self._batched else [ready[k : k + 1] for k in range(len(ready))]
        answers = [self._session.run(None, {self._input: group}) for group in groups]
        outputs = [np.concatenate(parts) for parts in zip(*answers, strict=True)]
        return [self._decode([part[k] for part in outputs], image.shape) for k, image in enumerate(images)]

    def _prepare(self, image: Image) -> NDArray[np.float32]:
        resized = cv2.resize(image, self._size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
        return np.ascontiguousarray(((resized - _MEAN) / _DEVIATION).transpose(2, 0, 1))

    def _decode(self, outputs: list[NDArray[np.float32]], shape: tuple[int, ...]) -> Detections:
        boxes: list[Floats] = []
        scores: list[Floats] = []
        for stride, score_index, distance_index in self._levels:
            confidence = outputs[score_index][:, _PERSON]
            chosen = np.flatnonzero(confidence >= self._least)
            if not chosen.size:
                continue
            bins = outputs[distance_index][chosen].reshape(len(chosen), 4, -1).astype(np.float64)
            share = np.exp(bins - bins.max(axis=2, keepdims=True))
            share /= share.sum(axis=2, keepdims=True)
            reach = share @ np.arange(bins.shape[2]) * stride
            columns = -(-self._size[0] // stride)
            middle = np.column_stack([chosen % columns, chosen // columns]) * stride + 0.5 * (stride - 1)
            boxes.append(np.column_stack([middle - reach[:, :2], middle + reach[:, 2:]]))
            scores.append(confidence[chosen].astype(np.float64))
        if not boxes:
            return Detections.none()
        zoom = np.array([shape[1] / self._size[0], shape[0] / self._size[1]] * 2)
        limit = np.array([shape[1], shape[0]] * 2, dtype=np.float64)
        corners = np.clip(np.concatenate(boxes) * zoom, 0.0, limit)
        certain: Floats = np.concatenate(scores)
        kept = suppress(corners, certain, _OVERLAP)
        corners = corners[kept]
        return Detections(np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), certain[kept])


def suppress(corners: Floats, scores: Floats, overlap: float) -> NDArray[np.intp]:
    """Non-maximum suppression.

    Args:
        corners: (N, 4) left, top, right, bottom.
        scores: (N,).
        overlap: intersection over union from which the weaker box goes.

    Returns:
        Indices of the boxes kept, strongest first.
    """
    order = np.argsort(-scores, kind="stable")
    area = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0.0), axis=1)
    kept = []
    while order.size:
        first, rest = order[0], order[1:]
        kept.append(first)
        low = np.maximum(corners[first, :2], corners[rest, :2])
        high = np.minimum(corners[first, 2:], corners[rest, 2:])
        common = np.prod(np.maximum(high - low, 0.0), axis=1)
        union = np.maximum(area[first] + area[rest] - common, 1e-9)
        order = rest[common / union < overlap]
    return np.array(kept, dtype=np.intp)


def _pair_outputs(outputs: Sequence[object], size: tuple[int, int], model: str) -> list[tuple[int, int, int]]:
    """Find (stride, index of scores, index of distances) by the outputs' shapes."""
    shapes = [tuple(getattr(item, "shape", ())) for item in outputs]
    levels = []
    for stride in (8, 16, 32, 64):
        cells = (-(-size[0] // stride)) * (-(-size[1] // stride))
        fitting = [k for k, shape in enumerate(shapes) if len(shape) == 3 and shape[1] == cells]
        scores = [k for k in fitting if shapes[k][2] == 80]
        distances = [k for k in fitting if shapes[k][2] % 4 == 0 and shapes[k][2] != 80]
        if len(scores) == 1 and len(distances) == 1:
            levels.append((stride, scores[0], distances[0]))
    if not levels:
        raise ValueError(f"detector model {model!r}: outputs {shapes} are not a NanoDet head of 80 classes")
    return levels
