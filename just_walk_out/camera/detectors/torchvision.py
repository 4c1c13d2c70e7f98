"""Person detection with torchvision: Faster R-CNN or Keypoint R-CNN (an extra)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
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
            ValueError: torchvision has no such model.
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
            raise ValueError(f"detector model {name!r}: torchvision.models.detection has no such model")
        if path and not Path(path).is_file():
            raise FileNotFoundError(f"detector model {path!r}: no such file; expected a state dict of {name}")
        self._torch: Any = torch
        chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        self._device = torch.device(chosen)
        options: dict[str, Any] = {"box_score_thresh": score} if "rcnn" in name else {}
        build = getattr(detection, name)
        if path:
            network = build(weights=None, weights_backbone=None, **options)
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        else:
            network = build(weights="DEFAULT", **options)
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
