"""Person detection with torchvision: Faster R-CNN or Keypoint R-CNN (an extra)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors.base import Detections, Image

_DEFAULT = "fasterrcnn_resnet50_fpn_v2"
_PERSON = 1
# COCO's joints: left and right wrist. A raw score of 0 is a wrist as likely seen as not.
_WRISTS = (9, 10)


class TorchvisionDetector:
    """Runs a torchvision detection model; has no memory, so one serves any number of cameras."""

    def __init__(self, model: str = "", *, score: float = 0.5, device: str = "auto", precision: str = "auto") -> None:
        """Load the model.

        Args:
            model: ``NAME`` (COCO weights, fetched by torchvision on first use), ``NAME:PATH`` (a state
                dict), or empty for Faster R-CNN. Names: torchvision.models.detection, such as
                ``fasterrcnn_mobilenet_v3_large_fpn`` or ``keypointrcnn_resnet50_fpn``.
            score: least confidence that is reported.
            device: "cpu", "cuda", "cuda:N", or "auto" for the GPU if there is one.
            precision: "float32"; "float16" for the convolutions, while boxes stay float32; "auto" is float16 on
                a GPU and float32 on the processor, where float16 works but is slower.

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
        _drop_masks(network)
        self._network = network.eval().to(self._device)
        if precision == "float16" or (precision == "auto" and self._device.type == "cuda"):
            _halve(torch, self._network, self._device.type)
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
            found.append(Detections(boxes, scores[person], hands=_hands(answer, person)))
        return found


def _hands(answer: Mapping[str, Any], person: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return the wrists (N, 2, 3) of people, NaN where one is less likely seen than not; None without joints."""
    if "keypoints" not in answer:
        return None
    wrists = list(_WRISTS)
    places = answer["keypoints"].float().cpu().numpy()[person][:, wrists, :2].astype(np.float64)
    # heights of the heat map before the softmax, unbounded
    raw = answer["keypoints_scores"].float().cpu().numpy()[person][:, wrists].astype(np.float64)
    confidence = 1.0 / (1.0 + np.exp(-raw))
    hands: NDArray[np.float64] = np.concatenate([places, confidence[..., None]], axis=-1)
    hands[confidence < 0.5] = np.nan
    return hands


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


def _drop_masks(network: Any) -> None:
    # masks are found in boxes that stand already, and cost more than these
    for part in ("roi_pool", "head", "predictor"):
        if hasattr(network, "roi_heads"):
            setattr(network.roi_heads, f"mask_{part}", None)


def _halve(torch: Any, network: Any, device: str) -> None:
    """Have the costly parts of a network work in float16; what they give is float32, so that boxes keep theirs."""
    heads = getattr(network, "roi_heads", None)
    parts = [network.backbone, *(getattr(heads, name, None) for name in ("box_head", "keypoint_head"))]
    for part in parts:
        if part is not None:
            part.forward = _in_half(torch, part.forward, device)


def _in_half(torch: Any, forward: Callable[..., Any], device: str) -> Callable[..., Any]:
    def run(*inputs: Any) -> Any:
        with torch.autocast(device, dtype=torch.float16):
            answer = forward(*inputs)
        if isinstance(answer, Mapping):
            kind: Any = type(answer)
            return kind((name, value.float()) for name, value in answer.items())
        return answer.float()

    return run


def _line(error: BaseException) -> str:
    """Return what an error says on one line; torch lists every key of a foreign file."""
    return shorten(str(error) or type(error).__name__, 200, placeholder=" ...")
