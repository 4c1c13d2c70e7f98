"""Person detection with torchvision: Faster R-CNN or Keypoint R-CNN (an extra)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

from just_walk_out.camera.detectors.base import Detections, Image

_DEFAULT = "fasterrcnn_resnet50_fpn_v2"
_PERSON = 1


class TorchvisionDetector:
    """Runs a torchvision detection model; has no memory, so one serves any number of cameras."""

    def __init__(self, model: str = "", *, score: float = 0.5, device: str = "auto") -> None:
        """Load the model.

        Args:
            model: ``NAME`` (COCO weights, fetched by torchvision on first use), ``NAME:PATH`` (a state
                dict), or empty for Faster R-CNN. Names: torchvision.models.detection, such as
                ``fasterrcnn_mobilenet_v3_large_fpn`` or ``keypointrcnn_resnet50_fpn``.
            score: least confidence that is reported.
            device: "cpu", "cuda", "cuda:N", or "auto" for the GPU if there is one.

        Raises:
            ModuleNotFoundError: torch or torchvision is not installed.
            FileNotFoundError: no file at PATH.
            ConnectionError: the weights of NAME are not on this computer and cannot be fetched.
            ValueError: torchvision has no such model, PATH is no state dict of it, or there is no such device.
        """
        try:
            import torch
            from torchvision.models import detection, list_models
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "the torchvision detector needs torch and torchvision: install just_walk_out[torch]"
            ) from error
        name, _, path = (model or _DEFAULT).partition(":")
        if name not in list_models(module=detection):
            raise ValueError(
                f"detector model {model!r}: torchvision.models.detection has no such model; "
                f"expected NAME or NAME:FILE, such as {_DEFAULT}:weights.pth"
            )
        if path and not Path(path).is_file():
            raise FileNotFoundError(f"detector model {path!r}: no such file; expected a state dict of {name}")
        self._torch: Any = torch
        self._device = _device(torch, device)
        build = getattr(detection, name)
        options = {"box_score_thresh" if "rcnn" in name else "score_thresh": score}
        network = _with_file(torch, build, options, name, path) if path else _with_fetched(build, options, name)
        _drop_unused(network)
        self._network = network.eval().to(self._device)
        self._least = score

    def detect(self, image: Image, stamp: int = 0) -> Detections:
        """Find the people; see ``PersonDetector``."""
        return self.detect_batch([image])[0]

    def detect_batch(self, images: Sequence[Image]) -> list[Detections]:
        """Find the people of several pictures in one run."""
        torch = self._torch
        inputs = []
        for image in images:
            rgb = np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))
            inputs.append(torch.from_numpy(rgb).to(self._device).float() / 255.0)
        if not inputs:
            return []
        with torch.inference_mode():
            answers = self._network(inputs)
        found = []
        for answer in answers:
            scores = answer["scores"].cpu().numpy().astype(np.float64)
            # Keypoint R-CNN knows one class, the person, under the same number.
            person = (answer["labels"].cpu().numpy() == _PERSON) & (scores >= self._least)
            corners = answer["boxes"].cpu().numpy().astype(np.float64)[person]
            boxes = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]]).reshape(-1, 4)
            found.append(Detections(boxes, scores[person]))
        return found


def _device(torch: Any, wanted: str) -> Any:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(wanted)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"detector device {wanted!r}: {_line(error)}") from None
    return chosen


def _with_file(torch: Any, build: Callable[..., Any], options: Mapping[str, float], name: str, path: str) -> Any:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    # a damaged file makes its reader raise anything, and torch's own texts advise to run code that a file may hold
    except Exception:
        reason = "it cannot be read; expected tensors written by torch.save"
        raise ValueError(f"detector model {path!r}: not a state dict of {name}: {reason}") from None
    network = build(weights=None, weights_backbone=None, **options)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"detector model {path!r}: not a state dict of {name}: {_line(error)}") from None
    return network


def _with_fetched(build: Callable[..., Any], options: Mapping[str, float], name: str) -> Any:
    try:
        return build(weights="DEFAULT", **options)
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f"detector model {name!r}: its weights cannot be fetched ({_line(error)}); expected {name}:FILE instead"
        ) from None


def _drop_unused(network: Any) -> None:
    # joints and masks are found in boxes that stand already, and cost more than these
    for part in ("roi_pool", "head", "predictor"):
        for kind in ("keypoint", "mask"):
            if hasattr(network, "roi_heads"):
                setattr(network.roi_heads, f"{kind}_{part}", None)


def _line(error: BaseException) -> str:
    """Return what an error says on one line; torch lists every key of a foreign file."""
    return shorten(str(error) or type(error).__name__, 200, placeholder=" ...")
