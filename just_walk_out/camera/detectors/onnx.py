"""Person detection with an ONNX file, run by onnxruntime (an extra); ``heads.py`` says which networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Detections, Image
from just_walk_out.camera.detectors.heads import HEADS
from just_walk_out.camera.detectors.letterbox import Letterbox, letterbox

Floats = NDArray[np.float64]

_KINDS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_GREY = 114
# Candidates of one picture that are compared with each other: the strongest; a store's picture has tens of people.
_MOST = 300


class OnnxDetector:
    """Runs an ONNX file; has no memory, so one serves any number of cameras."""

    def __init__(self, model: str, *, head: str = "nanodet", score: float = 0.5, device: str = "auto") -> None:
        """Load the file and see by a run whether its outputs are those of the head.

        Args:
            model: path of the ONNX file.
            head: what its outputs mean, a key of ``heads.HEADS``.
            score: least confidence that is reported.
            device: "cpu", "cuda", or "auto" for the best there is.

        Raises:
            ModuleNotFoundError: onnxruntime is not installed.
            FileNotFoundError: no such file.
            ValueError: no such head or device, the file cannot be loaded, or its input or outputs are not those of
                the head.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("the onnx detector needs onnxruntime: install just_walk_out[onnx]") from error
        if head not in HEADS:
            raise ValueError(f"detector head {head!r}: expected one of {', '.join(HEADS)}")
        if not Path(model).is_file():
            raise FileNotFoundError(f"detector model {model!r}: no such file; expected an ONNX file")
        options = onnxruntime.SessionOptions()
        # One camera node of several on a computer must not take all its cores.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=_providers(onnxruntime, device))
        except ValueError:
            raise
        except Exception as error:  # onnxruntime has an exception class for each kind of damage
            raise ValueError(f"detector model {model!r}: cannot be loaded: {_line(error)}") from None
        self._head = HEADS[head]
        self._least = score
        self._take_input(model)
        try:
            trial = self._run(np.full((1, *self._size[::-1], 3), _GREY, dtype=np.uint8))
            self._decode = self._head.bind(trial, self._size)
        except ValueError as error:
            raise ValueError(f"detector model {model!r}: not a {head} head: {error}") from None

    def detect(self, image: Image, stamp: int = 0) -> Detections:
        """Find the people; see ``PersonDetector``."""
        return self.detect_batch([image])[0]

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Find the people of several pictures, in one run where the file's batch size is free."""
        if not images:
            return []
        placed = [letterbox(image, self._size, self._head.placing) for image in images]
        outputs = self._run(np.stack([canvas for canvas, _ in placed]))
        return [self._find([part[k] for part in outputs], fit) for k, (_, fit) in enumerate(placed)]

    def _take_input(self, model: str) -> None:
        entries = self._session.get_inputs()
        shape = list(entries[0].shape) if entries else []
        kind = _KINDS.get(entries[0].type) if len(entries) == 1 else None
        if kind is None or len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
            got = "; ".join(f"{each.type} {each.shape}" for each in entries) or "none"
            raise ValueError(f"detector model {model!r}: expected one input of batch x 3 x height x width, got {got}")
        self._input, self._kind = entries[0].name, kind
        height, width = (side if isinstance(side, int) else self._head.side for side in shape[2:])
        if height % 32 or width % 32 or min(height, width) < 32:
            raise ValueError(
                f"detector model {model!r}: expected an input of whole multiples of 32 pixels, got {width}x{height}"
            )
        self._size = (width, height)
        self._batch = shape[0] if isinstance(shape[0], int) else None

    def _run(self, canvases: Image) -> list[NDArray[Any]]:
        """Run canvases (N, height, width, 3); outputs of all of them."""
        ready = np.ascontiguousarray(self._head.normalise(canvases).transpose(0, 3, 1, 2), dtype=self._kind)
        size = self._batch or len(ready)
        answers = []
        for start in range(0, len(ready), size):
            group = ready[start : start + size]
            real = len(group)
            if real < size:
                # a file for a fixed number of pictures gets the last one several times
                group = np.concatenate([group, np.repeat(group[-1:], size - real, axis=0)])
            answers.append([np.asarray(part)[:real] for part in self._session.run(None, {self._input: group})])
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]

    def _find(self, outputs: list[NDArray[Any]], fit: Letterbox) -> Detections:
        with np.errstate(invalid="ignore", over="ignore"):  # a damaged file may hold anything
            raw = self._decode(outputs, self._least)
        sound = np.flatnonzero(np.isfinite(raw.corners).all(axis=1) & np.isfinite(raw.scores))
        order = sound[np.argsort(-raw.scores[sound], kind="stable")[:_MOST]]
        kept = order[suppress(raw.corners[order], raw.scores[order], self._head.overlap)]
        corners = fit.boxes_back(raw.corners[kept])
        hands = None
        if raw.hands is not None:
            hands = raw.hands[kept].copy()
            hands[..., :2] = fit.points_back(hands[..., :2])
            # a wrist outside the picture, or less likely seen than not, is none
            inside = (hands[..., :2] >= 0.0) & (hands[..., :2] <= np.subtract(fit.shape[::-1], 1))
            hands[~(inside.all(axis=-1) & (hands[..., 2] >= 0.5))] = np.nan
        return Detections(
            np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), raw.scores[kept], hands=hands
        )


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


def _providers(onnxruntime: Any, device: str) -> list[str]:
    there = onnxruntime.get_available_providers()
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"detector device {device!r}: expected auto, cpu or cuda")
    if device == "cuda" and "CUDAExecutionProvider" not in there:
        raise ValueError("detector device 'cuda': this onnxruntime has no CUDA; expected onnxruntime-gpu, or auto")
    wanted = ["CPUExecutionProvider"] if device == "cpu" else ["CUDAExecutionProvider", "CPUExecutionProvider"]
    return [name for name in wanted if name in there]


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
