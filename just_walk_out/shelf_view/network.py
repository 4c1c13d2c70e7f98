"""The network that tells products by sight: a torchvision backbone, a small embedding, one direction a product.

Torch is an extra: it is imported when a network is made or read, and what is missing is said in one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SHARP = 16.0


class ModelError(Exception):
    """A model that cannot be had or read; one line that says what was expected."""


@dataclass(frozen=True)
class ProductModel:
    """A trained network and what it was trained on.

    Attributes:
        skus: products, in the order of its outputs.
        size: pixels of either side of its pictures.
        temperature: by which its outputs are divided, so that they are right as often as they claim.
        network: gives (n, products) outputs for (n, 3, size, size) pictures.
        device: it runs on.
    """

    skus: tuple[str, ...]
    size: int
    temperature: float
    network: Any
    device: str

    def log_shares(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Return the logarithm of each product's share (n, products) in what pictures may show.

        Args:
            pictures: (size, size, 3) each, BGR.
        """
        torch, _ = torch_modules()
        with torch.inference_mode():
            outputs = self.network(to_tensor(pictures).to(self.device)) / self.temperature
            return np.asarray(outputs.log_softmax(dim=1).cpu().numpy(), np.float64)


def torch_modules() -> tuple[Any, Any]:
    """Return torch and torchvision's classifiers.

    Raises:
        ModelError: they are not installed.
    """
    try:
        import torch
        from torchvision import models
    except ModuleNotFoundError:
        raise ModelError(
            "telling products by a learnt model needs torch and torchvision: install just_walk_out[torch]"
        ) from None
    return torch, models


def to_tensor(pictures: Sequence[NDArray[np.uint8]]) -> Any:
    """Return BGR pictures (n, height, width, 3) as the backbone takes them: (n, 3, height, width), RGB, normalised."""
    torch, _ = torch_modules()
    scaled = np.stack(pictures)[..., ::-1].astype(np.float32) / 255.0
    normal = (scaled - np.array(_MEAN, np.float32)) / np.array(_DEVIATION, np.float32)
    return torch.from_numpy(np.ascontiguousarray(normal.transpose(0, 3, 1, 2)))


def make_network(backbone: str, products: int, width: int) -> Any:
    """Return an untrained network; its weights follow from torch's seed.

    Args:
        backbone: a classifier of torchvision.models, such as mobilenet_v3_small or resnet18.
        products: how many it tells.
        width: of the embedding.

    Raises:
        ModelError: there is no such classifier, or no torch.
    """
    torch, models = torch_modules()
    if backbone not in models.list_models(module=models):
        raise ModelError(f"backbone {backbone!r}: expected a classifier of torchvision.models, e.g. mobilenet_v3_small")
    body = getattr(models, backbone)(weights=None)
    name, last = [(key, part) for key, part in body.named_modules() if isinstance(part, torch.nn.Linear)][-1]
    first = _strip(torch, body, name)
    nn = torch.nn

    class Network(nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.backbone = body
            self.embedding = nn.Linear(first or last.in_features, width)
            self.products = nn.Parameter(torch.randn(products, width))

        def forward(self, pictures: Any) -> Any:
            functional = nn.functional
            embedded = functional.normalize(self.embedding(self.backbone(pictures)), dim=1)
            return _SHARP * embedded @ functional.normalize(self.products, dim=1).T

    return Network()


def _strip(torch: Any, body: Any, name: str) -> int:
    """Take the classifier off a body, of which ``name`` is the last layer; return the width of what remains."""
    whole, _, _ = name.partition(".")
    part = getattr(body, whole)
    width = next(each.in_features for each in part.modules() if isinstance(each, torch.nn.Linear))
    setattr(body, whole, torch.nn.Identity())
    return int(width)


def load_backbone(network: Any, path: Path) -> None:
    """Fill the backbone with weights from a file: a state dict of torchvision's network, its classifier ignored.

    Raises:
        ModelError: the file is missing or holds something else.
    """
    state = read_mapping(path)
    known = network.backbone.state_dict()
    fitting = {key: value for key, value in state.items() if key in known}
    try:
        missing = set(known) - set(fitting)
        if missing:
            raise ModelError(f"weights {str(path)!r}: {len(missing)} of {len(known)} tensors are missing, such as "
                             f"{min(missing)}")  # fmt: skip
        network.backbone.load_state_dict(fitting)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ModelError(f"weights {str(path)!r}: no state dict of the backbone: {_line(error)}") from None


def save_model(path: Path, backbone: str, width: int, model: ProductModel, facts: Mapping[str, Any]) -> None:
    """Write a model.

    Args:
        path: of the file.
        backbone: name of its classifier in torchvision.
        width: of the embedding.
        model: what to write.
        facts: what else is known of it: seed, accuracy; plain values.

    Raises:
        OSError: it cannot be written.
    """
    torch, _ = torch_modules()
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {key: value.cpu() for key, value in model.network.state_dict().items()}
    head = {
        "format": FORMAT, "backbone": backbone, "width": width, "size": model.size,
        "skus": list(model.skus), "temperature": model.temperature, "facts": dict(facts),
    }  # fmt: skip
    torch.save({**head, "state": state}, path)


def load_model(path: Path, device: str = "cpu") -> ProductModel:
    """Read a model that ``jwo train products`` wrote.

    Raises:
        ModelError: torch is missing, or the file is missing or holds something else.
    """
    read = read_mapping(path)
    if read.get("format") != FORMAT:
        raise ModelError(f"products model {str(path)!r}: expected a file of jwo train products, format {FORMAT}")
    try:
        network = make_network(read["backbone"], len(read["skus"]), read["width"])
        network.load_state_dict(read["state"])
        skus = tuple(str(sku) for sku in read["skus"])
        return ProductModel(skus, int(read["size"]), float(read["temperature"]), network.eval().to(device), device)
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"products model {str(path)!r}: damaged: {_line(error)}") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Return what ``torch.save`` wrote: plain values and tensors by name, on the processor.

    Raises:
        ModelError: torch is missing, or the file is missing or holds something else.
    """
    torch, _ = torch_modules()
    if not path.is_file():
        raise ModelError(f"{str(path)!r}: no such file; expected one that torch.save wrote")
    try:
        read = torch.load(path, map_location="cpu", weights_only=True)
    # a damaged file makes its reader raise anything
    except Exception:
        read = None
    if not isinstance(read, dict):
        raise ModelError(f"{str(path)!r}: cannot be read; expected a mapping of tensors that torch.save wrote")
    return read


def _line(error: BaseException) -> str:
    return shorten(str(error) or type(error).__name__, 200, placeholder=" ...")
