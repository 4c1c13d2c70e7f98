"""How far a training is, in a file beside the model, so that one that was interrupted goes on and ends up the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.shelf_view.network import ModelError, read_mapping, torch_modules

_FORMAT = 1


def digest(photos: Mapping[str, Sequence[NDArray[np.uint8]]], options: Mapping[str, Any]) -> str:
    """Return what tells one training from another: a digest of its photos, by SKU, and of its options."""
    found = hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode())
    for sku in sorted(photos):
        for photo in photos[sku]:
            found.update(f"{sku} {photo.shape}".encode())
            found.update(np.ascontiguousarray(photo).tobytes())
    return found.hexdigest()


@dataclass(frozen=True)
class Progress:
    """Keeps the state of a training after each epoch.

    Attributes:
        path: of the file; it is replaced as a whole, so that a process that is killed leaves the last one.
        training: digest of photos and options.
    """

    path: Path
    training: str

    def keep(self, epoch: int, rng: np.random.Generator, parts: Mapping[str, Any]) -> None:
        """Write the state.

        Args:
            epoch: how many have been finished.
            rng: from which pictures and their order are drawn.
            parts: network, optimiser and schedule, by name.

        Raises:
            OSError: it cannot be written.
        """
        torch, _ = torch_modules()
        state = {
            "format": _FORMAT, "training": self.training, "epoch": epoch, "rng": json.dumps(rng.bit_generator.state),
            "torch_rng": torch.get_rng_state(), "parts": {name: part.state_dict() for name, part in parts.items()},
        }  # fmt: skip
        if torch.cuda.is_available():
            state["cuda_rng"] = torch.cuda.get_rng_state_all()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.new")
        with fresh.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def take_up(self, rng: np.random.Generator, parts: Mapping[str, Any]) -> int:
        """Return how many epochs have been finished, and set everything to the state after them; 0 without a file.

        Args:
            rng: as in ``keep``.
            parts: as in ``keep``.

        Raises:
            ModelError: the file is of another training, or damaged.
        """
        torch, _ = torch_modules()
        if not self.path.exists():
            return 0
        read = read_mapping(self.path)
        if read.get("format") != _FORMAT or read.get("training") != self.training:
            raise ModelError(
                f"{str(self.path)!r}: expected an interrupted training with the same photos and options, this is "
                "another one; give the same again, or remove the file"
            )
        try:
            for name, part in parts.items():
                part.load_state_dict(read["parts"][name])
            rng.bit_generator.state = json.loads(read["rng"])
            torch.set_rng_state(read["torch_rng"])
            if torch.cuda.is_available() and "cuda_rng" in read:
                torch.cuda.set_rng_state_all(read["cuda_rng"])
            return int(read["epoch"])
        except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{str(self.path)!r}: damaged; remove it to begin anew: {error}".splitlines()[0]) from None
