"""``jwo train products``: train the network by which shelf cameras tell products, on photos of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from just_walk_out.cli.refusal import refuse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    from just_walk_out.shelf_view.training import Plan

    plan = Plan()
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    products = what.add_parser("products", help="what tells products by sight")
    products.add_argument("photos", type=Path, help="folder with a folder of photos a product, named after its SKU")
    products.add_argument("--output", type=Path, required=True, metavar="FILE", help="where to write the model")
    products.add_argument(
        "--backbone", default=plan.backbone, metavar="NAME", help=f"of torchvision.models (default {plan.backbone})"
    )
    products.add_argument(
        "--weights", type=Path, metavar="FILE", help="weights of the backbone, a state dict; without it random ones"
    )
    products.add_argument("--epochs", type=int, default=plan.epochs, metavar="N", help=f"default {plan.epochs}")
    products.add_argument("--seed", type=int, default=plan.seed, help=f"of everything drawn (default {plan.seed})")
    products.add_argument("--device", default=plan.device, help="cpu, cuda or auto (default)")


def run(args: argparse.Namespace) -> int:
    """Train, write the model and print how often it is right; returns the exit status."""
    from just_walk_out.shelf_view.network import ModelError
    from just_walk_out.shelf_view.training import Plan, read_folder, save, train

    if args.epochs < 1:
        print(f"jwo train products: --epochs: expected at least 1, got {args.epochs}", file=sys.stderr)
        return 2
    plan = Plan(args.backbone, args.weights, epochs=args.epochs, seed=args.seed, device=args.device)
    progress = args.output.with_name(f"{args.output.name}.part")
    try:
        photos = read_folder(args.photos)
        print(f"{sum(map(len, photos.values()))} photos of {len(photos)} products", flush=True)
        trained = train(photos, plan, lambda line: print(line, flush=True), progress)
        save(args.output, plan, trained)
        progress.unlink(missing_ok=True)
    except (ModelError, OSError) as error:
        refuse("train products", error)
        return 2
    except KeyboardInterrupt:
        if progress.exists():
            print(f"jwo train products: interrupted; the same command goes on from {progress}", file=sys.stderr)
        return 130
    print(
        f"{trained.looks} looks at photos kept aside, disturbed: {trained.accuracy:.1%} right, "
        f"log loss {trained.log_loss:.3f} (chance {trained.log_loss_of_chance:.3f}), "
        f"temperature {trained.model.temperature:.2f}"
    )
    print(f"model: {args.output}")
    return 0
