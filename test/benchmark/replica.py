"""Writes a recording of a store that is unlike the demo store: many narrow plates, wide facings, shared plates.

Its signals are made here, from steps and noise alone, and share nothing with the simulation.
"""

import csv

import numpy as np
import yaml

RATE = 60
PLATE, DEPTH = 0.1016, 0.4064
PER_SHELF = [12, 12, 12, 12, 12, 6] * 2 + [12, 12, 12, 12, 6, 6] * 2 + [12, 12, 12, 6, 6, 6]


def describe(rng, gondolas=5, shelves=6):
    """Return a store as YAML values: gondolas in two rows, products on one to five plates, some plates shared."""
    fixtures, places, number = [], {}, 0
    for g in range(gondolas):
        boards = []
        for s in range(shelves):
            count = PER_SHELF[(g * shelves + s) % len(PER_SHELF)]
            row = {"count": count, "pitch": PLATE + 0.002, "width": PLATE, "depth": DEPTH}
            boards.append(
                {
                    "id": f"s{s + 1}",
                    "pose": {"xyz": [0.0, 0.0, 0.2 + 0.3 * s]},
                    "width": 1.26,
                    "depth": 0.45,
                    "plate_row": row,
                }
            )
            left = list(range(1, count + 1))
            while left:
                width = min(len(left), int(rng.integers(3, 6)))
                places[f"sku{number:03d}"] = [f"g{g + 1}/s{s + 1}/p{p}" for p in left[:width]]
                left = left[width:]
                number += 1
        column, row = g % 3, g // 3
        fixtures.append(
            {
                "id": f"g{g + 1}",
                "pose": {"xyz": [1.5 + 3.0 * column, 2.5 + 3.0 * row, 0.0]},
                "width": 1.3,
                "depth": 0.5,
                "height": 2.1,
                "shelves": boards,
            }
        )
    for first in list(places)[::9]:  # a second product on a plate of the first
        places[f"sku{number:03d}"] = places[first][-1:]
        number += 1
    weights = np.exp(rng.uniform(np.log(30.0), np.log(1572.0), number)).round()
    products = [
        {"sku": sku, "name": sku, "price": 100 + n, "weight_g": float(weights[n]), "weight_spread_g": 0.6}
        for n, sku in enumerate(places)
    ]
    return {
        "id": "replica",
        "name": "Replica",
        "currency": "USD",
        "floor": [[0.0, 0.0], [10.5, 0.0], [10.5, 7.5], [0.0, 7.5]],
        "gondolas": fixtures,
        "products": products,
        "planogram": [{"sku": sku, "plates": plates} for sku, plates in places.items()],
    }


def record(folder, seed=1, shoppers=4, takes=2, gap=9.0, gondolas=5, shelves=6, noise=0.0008):
    """Write a recording of shoppers who come one after another and take things; returns the true receipts."""
    rng = np.random.default_rng(seed)
    store = describe(rng, gondolas, shelves)
    plates = {
        f"{g['id']}/{s['id']}": [f"{g['id']}/{s['id']}/p{n + 1}" for n in range(s["plate_row"]["count"])]
        for g in store["gondolas"]
        for s in g["shelves"]
    }
    origin = {g["id"]: g["pose"]["xyz"] for g in store["gondolas"]}
    facing = {item["sku"]: item["plates"] for item in store["planogram"]}
    weight = {item["sku"]: item["weight_g"] / 1000.0 for item in store["products"]}
    skus = sorted(facing)
    begin = 1000.0
    steps, people, receipts, visits, handlings = [], [], {}, [], []
    for n in range(shoppers):
        name, now = f"shopper{n + 1}", begin + 3.0 + n * gap
        visits.append((name, now))
        place, course = np.array([0.3, 0.5]), []
        course.append((now, place))
        bought = {}
        for take in range(takes):
            sku = skus[int(rng.integers(len(skus)))]
            home = facing[sku]
            plate = home[int(rng.integers(len(home)))]
            shelf, column = plate.rsplit("/", 1)[0], int(plate.rsplit("/p", 1)[1]) - 1
            x = origin[shelf[:2]][0] + 0.63 + (column - (len(plates[shelf]) - 1) / 2) * (PLATE + 0.002)
            goal = np.array([x + rng.normal(0.0, 0.1), origin[shelf[:2]][1] - 0.45 + rng.normal(0.0, 0.05)])
            now += float(np.hypot(*(goal - place))) / 1.1
            course.append((now, goal))
            now += float(rng.uniform(0.9, 1.6))
            shares = {column: 1.0}
            if column + 1 < len(plates[shelf]) and plates[shelf][column + 1] in home and rng.random() < 0.4:
                part = float(rng.uniform(0.25, 0.75))
                shares = {column: part, column + 1: 1.0 - part}
            mass = weight[sku] + rng.normal(0.0, 0.0006)
            steps.append((shelf, shares, now, -mass))
            handlings.append((now + 0.2, name, "take", sku, 1))
            bought[sku] = bought.get(sku, 0) + 1
            if take == takes - 1 and n % 3 == 2:  # and back
                now += float(rng.uniform(1.5, 2.5))
                steps.append((shelf, shares, now, mass))
                handlings.append((now + 0.2, name, "return", sku, 1))
                bought[sku] -= 1
            now += float(rng.uniform(0.8, 1.4))
            course.append((now, goal))
            place = goal
        door = np.array([10.2, 0.5])
        now += float(np.hypot(*(door - place))) / 1.1
        course.append((now, door))
        visits[-1] = (name, visits[-1][1], now)
        receipts[name] = bought
        stamps = np.arange(course[0][0], now, 0.1)
        track = np.stack([np.interp(stamps, [t for t, _ in course], [p[k] for _, p in course]) for k in (0, 1)], 1)
        track += rng.normal(0.0, 0.05, track.shape)
        people += [(f"{t:.2f}", name, f"{x:.3f}", f"{y:.3f}", "0.06") for t, (x, y) in zip(stamps, track, strict=True)]
    end = max(exit for *_, exit in visits) + 2.5
    times = begin + np.arange(int((end - begin) * RATE)) / RATE
    arrays = {}
    for shelf, ids in plates.items():
        load = np.full((len(times), len(ids)), 2.0) + rng.normal(0.0, noise, (len(times), len(ids)))
        for where, shares, at, change in steps:
            if where == shelf:
                moved = np.clip((times - at) / 0.2, 0.0, 1.0)
                press = 0.15 * np.sin(np.pi * np.clip((times - at + 0.25) / 0.4, 0.0, 1.0)) ** 2
                for column, share in shares.items():
                    load[:, column] += share * (change * moved + press)
        arrays[shelf] = load.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store.yaml").write_text(yaml.safe_dump(store, sort_keys=False))
    np.savez(folder / "weights.npz", times=times, **arrays)
    write(folder / "people.csv", ("time", "person", "x", "y", "sigma"), people)
    write(folder / "visits.csv", ("person", "enter", "exit"), visits)
    write(
        folder / "receipts.csv",
        ("visit", "sku", "quantity"),
        [(name, sku, count) for name, units in receipts.items() for sku, count in units.items() if count],
    )
    write(folder / "handlings.csv", ("time", "visit", "kind", "sku", "quantity"), sorted(handlings))
    return receipts


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
