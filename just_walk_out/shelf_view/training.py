"""Trains the network that tells products by sight, on photos: a folder a product, named after its SKU."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.shelf_view.augment import disturb
from just_walk_out.shelf_view.network import (
    ModelError,
    ProductModel,
    load_backbone,
    make_network,
    save_model,
    to_tensor,
    torch_modules,
)
from just_walk_out.shelf_view.progress import Progress, digest
from just_walk_out.store.load import PICTURES

Image = NDArray[np.uint8]
Labelled = tuple[int, Image]
"""Number of the product, in the order of SKUs, and a photo of it."""

_SHOWN = 4  # times that each photo is shown in one round
_SETTLING = 24  # batches of which normalisation takes its means in the end
_LOOKS = 8  # times that each photo kept aside is disturbed to be told
_DECAY = 1e-4


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        backbone: a classifier of torchvision.models.
        weights: file with weights of the backbone; None begins with seeded random ones.
        width: of the embedding.
        size: pixels of either side of the pictures.
        epochs: rounds, in each of which every photo is shown a few times.
        batch: pictures a step.
        rate: of learning, at its highest.
        aside: share of each product's photos that are kept aside, at least one where there are two.
        seed: of weights, order and disturbance.
        device: cpu, cuda or auto.
    """

    backbone: str = "mobilenet_v3_small"
    weights: Path | None = None
    width: int = 64
    size: int = 64
    epochs: int = 60
    batch: int = 64
    rate: float = 2e-3
    aside: float = 0.2
    seed: int = 1
    device: str = "auto"


@dataclass(frozen=True)
class Trained:
    """What came of it: the model, and on photos kept aside, disturbed, how often right and the log losses."""

    model: ProductModel
    looks: int
    accuracy: float
    log_loss: float
    log_loss_of_chance: float


def read_folder(folder: Path) -> dict[str, list[Image]]:
    """Return the photos (height, width, 3), BGR, by SKU, of a folder that holds a folder a product.

    Raises:
        ModelError: fewer than two products have photos, or a file is no picture.
    """
    found: dict[str, list[Image]] = {}
    for own in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        for path in sorted(own.iterdir()):
            if path.suffix.lower() in PICTURES:
                image = cv2.imread(str(path), cv2.IMREAD_COLOR)
                if image is None:
                    raise ModelError(f"{path}: expected a picture of {own.name}, it cannot be read as one")
                found.setdefault(own.name, []).append(np.asarray(image, np.uint8))
    if len(found) < 2:
        raise ModelError(
            f"{folder}: expected a folder of photos each of two products or more, named after the SKU; got {len(found)}"
        )
    return found


def split(photos: Mapping[str, Sequence[Image]], share: float) -> tuple[list[Labelled], list[Labelled]]:
    """Return photos to learn from and photos kept aside, which are the last of each product.

    Args:
        photos: (height, width, 3), BGR, by SKU.
        share: of each product's photos that is kept aside; one at least, unless there is only one.
    """
    learnt: list[Labelled] = []
    kept: list[Labelled] = []
    for number, sku in enumerate(sorted(photos)):
        images = photos[sku]
        count = min(len(images) - 1, max(1, round(share * len(images))))
        learnt += [(number, image) for image in images[: len(images) - count]]
        kept += [(number, image) for image in images[len(images) - count :]]
    return learnt, kept


def train(
    photos: Mapping[str, Sequence[Image]],
    plan: Plan,
    say: Callable[[str], None] = print,
    kept_in: Path | None = None,
) -> Trained:
    """Train a network; the same photos and plan on the same kind of device give the same one.

    Args:
        photos: (height, width, 3), BGR, by SKU; the product is in the middle.
        plan: how.
        say: told how it goes, a line at a time.
        kept_in: file that keeps how far the training is after each epoch, and from which it goes on where one that was
            interrupted has left it, to the same end; whoever has saved the model removes it.

    Raises:
        ModelError: torch, a backbone, weights or a device is missing, or ``kept_in`` is of another training.
        OSError: ``kept_in`` cannot be written.
    """
    torch, _ = torch_modules()
    device = _device(torch, plan.device)
    torch.manual_seed(plan.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    network = make_network(plan.backbone, len(photos), plan.width)
    if plan.weights is None:
        say(f"WARNING: no weights for {plan.backbone}: it begins with random ones and learns from these photos alone")
    else:
        load_backbone(network, plan.weights)
    network.to(device)
    learnt, kept = split(photos, plan.aside)
    options = {key: value for key, value in asdict(plan).items() if key != "device"}
    progress = Progress(kept_in, digest(photos, options)) if kept_in else None
    _fit(torch, network, learnt, plan, device, say, progress)
    logits, truth = _outputs(torch, network, kept or learnt, plan, device)
    temperature = _temperature(logits, truth)
    network.eval()
    model = ProductModel(tuple(sorted(photos)), plan.size, temperature, network, device)
    accuracy = float((logits.argmax(axis=1) == truth).mean())
    return Trained(model, len(truth), accuracy, _loss(logits, truth, temperature), math.log(len(photos)))


def save(path: Path, plan: Plan, trained: Trained) -> None:
    """Write what was trained; see ``network.save_model``."""
    facts = {"seed": plan.seed, "epochs": plan.epochs, "accuracy": trained.accuracy, "log_loss": trained.log_loss}
    save_model(path, plan.backbone, plan.width, trained.model, facts)


def _fit(
    torch: Any,
    network: Any,
    learnt: Sequence[Labelled],
    plan: Plan,
    device: str,
    say: Callable[[str], None],
    progress: Progress | None,
) -> None:
    rng = np.random.default_rng([plan.seed, 1])
    parts = max(1, math.ceil(_SHOWN * len(learnt) / plan.batch))
    steps = parts * plan.epochs
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=plan.rate, total_steps=steps)
    parts_kept = {"network": network, "optimiser": optimiser, "schedule": schedule}
    done = progress.take_up(rng, parts_kept) if progress else 0
    if done:
        say(f"goes on after epoch {done} of {plan.epochs}")
    network.train()
    for epoch in range(done, plan.epochs):
        losses = []
        for part in np.array_split(rng.permutation(_SHOWN * len(learnt)) % len(learnt), parts):
            pictures = [disturb(learnt[index][1], plan.size, rng) for index in part]
            labels = torch.tensor([learnt[index][0] for index in part], device=device)
            outputs = network(to_tensor(pictures).to(device))
            loss = torch.nn.functional.cross_entropy(outputs, labels, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        if progress:
            progress.keep(epoch + 1, rng, parts_kept)
        if (epoch + 1) % max(1, plan.epochs // 6) == 0:
            say(f"epoch {epoch + 1:>3} of {plan.epochs}: loss {np.mean(losses):.3f}")

    _settle(torch, network, learnt, plan, device, rng)


def _settle(
    torch: Any, network: Any, learnt: Sequence[Labelled], plan: Plan, device: str, rng: np.random.Generator
) -> None:
    """Have normalisation layers take plain means over batches: their running ones lag behind a short training.

    Wu and Johnson 2021, "Rethinking Batch in BatchNorm".
    """
    for layer in network.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.reset_running_stats()
            layer.momentum = None
    with torch.no_grad():
        for _ in range(_SETTLING):
            part = rng.integers(len(learnt), size=plan.batch)
            network(to_tensor([disturb(learnt[index][1], plan.size, rng) for index in part]).to(device))


def _outputs(
    torch: Any, network: Any, photos: Sequence[Labelled], plan: Plan, device: str
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return outputs (n, products) and products (n,) of photos, each disturbed a few times."""
    rng = np.random.default_rng([plan.seed, 2])
    network.eval()
    rows = []
    with torch.inference_mode():
        for _, photo in photos:
            pictures = [disturb(photo, plan.size, rng) for _ in range(_LOOKS)]
            rows.append(network(to_tensor(pictures).to(device)).cpu().numpy())
    truth = np.repeat([number for number, _ in photos], _LOOKS)
    return np.concatenate(rows).astype(np.float64), truth.astype(np.intp)


def _loss(logits: NDArray[np.float64], truth: NDArray[np.intp], temperature: float) -> float:
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    logs = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(truth)), truth].mean())


def _temperature(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """Return the temperature of least log loss (Guo et al. 2017), found on a grid of ratios."""
    grid = np.geomspace(0.05, 20.0, 121)
    return float(min(grid, key=lambda value: _loss(logits, truth, float(value))))


def _device(torch: Any, wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ModelError(f"device {wanted!r}: expected cpu, auto, or cuda where there is one") from None
    return wanted
