import functools
import shutil
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from just_walk_out.scale.protocols import PROTOCOLS
from just_walk_out.store.bus import Channel, Reading, StatusRegister
from just_walk_out.store.load import StoreError, load_store
from just_walk_out.store.schema import BusDoc

DEMO = Path(__file__).parents[2] / "config" / "demo_store"
GONE = object()


def rule(**keys):
    """A price rule, with other keys or without those that are None."""
    values = {"id": "week", "skus": ["honey"], "price": 99} | keys
    return {name: value for name, value in values.items() if value is not None}


def shelf_camera(xyz=(1.15, 2.05, 2.15), **keys):
    """A camera at the left end of the first gondola; seen from beyond its right end nothing is in the picture."""
    aim = [0.4, 3.08, 0.7] if xyz[2] < 2.5 else [8.0, 0.5, 2.9]
    values = {"id": "over_g1", "source": "0", "role": "shelf", "width": 640, "height": 480, "rate": 10}
    return values | {"horizontal_fov_deg": 70, "pose": {"xyz": list(xyz), "look_at": aim}} | keys


@functools.cache
def tree(file):
    return yaml.safe_load((DEMO / file).read_text())


@pytest.fixture
def folder(tmp_path):
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def at(value, path):
    for step in path:
        value = value[step]
    return value


def change(folder, file, path, new):
    """Set, delete, append to (path ends in '+') or compute (new is callable) one value of a file."""
    # anchors share objects, and one mutation means one place
    whole = yaml.safe_load(yaml.dump(yaml.safe_load((folder / file).read_text()), Dumper=NoAlias))
    parent, last = at(whole, path[:-1]), path[-1]
    if last == "+":
        parent.append(new)
    elif new is GONE:
        del parent[last]
    else:
        parent[last] = new(parent[last]) if callable(new) else new
    (folder / file).write_text(yaml.dump(whole, Dumper=NoAlias))


class NoAlias(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def errors_of(folder):
    with pytest.raises(StoreError) as caught:
        load_store(folder)
    return caught.value.errors


PRODUCT = {"sku": "x", "name": "X", "weight_g": 10, "weight_spread_g": 1, "price": 1}
PLATE = {"id": "a", "pose": {"xyz": [0.2, 0.2, 0]}, "width": 0.1, "depth": 0.3}
ROW = {"count": 6, "pitch": 0.15, "width": 0.1016, "depth": 0.4064}


def plates(*xs, **more):
    made = [{**PLATE, "id": f"p{i + 1}", "pose": {"xyz": [x, 0.2, 0]}, **more} for i, x in enumerate(xs)]
    return lambda shelf: {**{name: value for name, value in shelf.items() if name != "plate_row"}, "plates": made}


SIX = (0.08, 0.23, 0.38, 0.53, 0.68, 0.83)
S, F, C = "store.yaml", "floor.yaml", "cameras.yaml"
X, B, K, P, Y = "fixtures.yaml", "buses.yaml", "catalogue.yaml", "planogram.yaml", "policy.yaml"
g = "gondolas"

# file, path of the change, new value, place of the error, what the line says
CASES = [
    # single values
    (S, ["colour"], "red", "colour", "unknown key"),
    (S, ["currency"], "eur", "currency", "ISO 4217"),
    (S, ["currency"], GONE, "currency", "missing; expected an ISO 4217"),
    (S, ["id"], "7 up", "id", "an id of letters"),
    (S, ["name"], 7, "name", "expected text, got 7 (put it in quotes)"),
    (S, ["entry"], [], "entry", "expected a mapping, got a list"),
    (S, ["entry", "windw"], 3, "entry.windw", "unknown key"),
    (S, ["entry", "window"], 0, "entry.window", "more than 0"),
    (S, ["entry", "public_keys"], [], "entry.public_keys", "at least 1 items"),
    (S, ["entry", "public_keys", 0], "!!", "entry.public_keys[0]", "base64"),
    (S, ["entry", "public_keys", 0], "AAAA", "entry.public_keys[0]", "32 bytes"),
    (S, ["entry", "public_keys"], lambda keys: keys * 2, "entry.public_keys[1]", "of its own"),
    (S, ["include", 0], "flor.yaml", "include[0]", "no 'flor.yaml'"),
    (S, ["include", 0], "x" * 999, "include[0]", "there is no"),
    (S, ["include", 0], "a\0b", "include[0]", "there is no"),
    (S, ["include"], 3, "include", "list of file names"),
    (Y, ["currency"], "EUR", "currency", "given already in store.yaml"),
    (Y, ["policy", "commit_confidence"], 1.5, "policy.commit_confidence", "at most 1"),
    (Y, ["policy", "prices_include_tax"], "yes", "policy.prices_include_tax", "true or false"),
    (Y, ["payment", "gateway"], "cash", "payment.gateway", "one of ledger"),
    # floor, walls, gates
    (F, ["floor", 0], [0.0], "floor[0]", "list of 2 numbers, got 1"),
    (F, ["floor", 0, 0], float("nan"), "floor[0][0]", "a number, got nan"),
    (F, ["floor", 0, 0], 1e9, "floor[0][0]", "at most 1000"),
    (F, ["floor"], [[0, 0], [1, 1]], "floor", "at least 3"),
    (F, ["floor"], [[0, 0], [1, 1], [2, 2]], "floor", "at least 1 square metres"),
    (F, ["floor"], [[0, 0], [8, 6], [8, 0], [0, 5]], "floor", "cross"),
    (F, ["walls", 0, "end"], [1.6, 0.0], "walls[0]", "at least 0.01 m"),
    (F, ["gates", 1, "id"], "entry_1", "gates[1].id", "taken by floor.yaml: gates[0].id"),
    (F, ["gates", 0, "kind"], "door", "gates[0].kind", "one of entry, exit, both"),
    (F, ["gates", 0, "end"], [0.7, 0.6], "gates[0]", "at least 0.4 m"),
    (F, ["gates", 2, "end"], [7.15, -0.3], "gates[2].end", "0.30 m outside"),
    (F, ["gates", 2, "kind"], "entry", "gates", "kind exit or both"),
    (F, ["gates"], lambda gates: gates[2:], "gates", "kind entry or both"),
    (F, ["gates", 2], {"id": "exit_1", "kind": "exit", "start": [7.15, 0.6], "end": [6.25, 0.6]}, "gates[2]", "swap"),
    (F, ["walls", "+"], {"start": [6.2, 0.7], "end": [7.2, 0.7]}, "gates[2]", "reachable on foot"),
    (F, ["walls", "+"], {"start": [3.0, 3.2], "end": [4.0, 3.2]}, "fixtures.yaml: gondolas[3]", "walls[1]"),
    (F, ["walls", "+"], {"start": [3.6, 5.75], "end": [4.8, 5.75]}, "fixtures.yaml: gondolas[1]", "front"),
    (F, ["gates", 2, "reader"], {"port": "/dev/x"}, "gates[2].reader", "no reader"),
    (F, ["gates", 0, "reader"], {}, "gates[0].reader", "exactly one of camera, port, got none"),
    (F, ["gates", 0, "reader", "port"], "/dev/x", "gates[0].reader", "got camera and port"),
    (F, ["gates", 0, "reader", "camera"], "entry_raeder", "gates[0].reader.camera", "did you mean entry_reader"),
    (F, ["gates", 0, "reader", "camera"], "cam_sw", "gates[0].reader.camera", "role reader"),
    (F, ["gates", 1, "reader"], {"camera": "entry_reader"}, "gates[1].reader.camera", "of its own"),
    (F, ["gates", 1, "reader", "port"], lambda _: tree(B)["buses"][0]["port"], "gates[1].reader.port", "serial port"),
    (B, ["buses", 0, "host"], "shelf pi", "buses[0].host", "the name of a computer"),
    (B, ["buses", 0, "host"], "Main", "buses[0].host", "one spelling"),
    (C, ["cameras", 0, "host"], "-", "cameras[0].host", "the name of a computer"),
    # cameras
    (C, ["cameras", 1, "id"], "cam_sw", "cameras[1].id", "taken by"),
    (C, ["cameras", 1, "id"], "g1", "cameras[1].id", "frame name"),
    (C, ["cameras", 0, "source"], None, "cameras[0].source", "a URL, device path"),
    (C, ["cameras", 0, "source"], -1, "cameras[0].source", "at least 0"),
    (C, ["cameras", 0, "width"], 480.5, "cameras[0].width", "pixels, got 480.5"),
    (C, ["cameras", 0, "rate"], True, "cameras[0].rate", "frames a second, got True"),
    (C, ["cameras", 0, "role"], "spy", "cameras[0].role", "one of overview, reader, shelf"),
    (C, ["cameras", 0, "shelves"], ["g1"], "cameras[0].shelves", "expected a camera of role shelf"),
    (C, ["cameras", "+"], shelf_camera(shelves=["g1/s9"]), "cameras[5].shelves[0]", "did you mean g1/s"),
    (C, ["cameras", "+"], shelf_camera(shelves=["g1", "g1"]), "cameras[5].shelves[1]", "of its own"),
    (C, ["cameras", "+"], shelf_camera(xyz=[1.15, 2.05, 2.9]), "cameras[5]", "a shelf in the picture of over_g1"),
    ("catalogue.yaml", ["products", 0, "photos"], "nowhere", "products[0].photos", "a folder with pictures"),
    (C, ["cameras", 0, "pose", "xyz"], [-0.8, 0.75, 3.0], "cameras[0].pose.xyz", "0.80 m outside"),
    (C, ["cameras", 0, "pose", "xyz", 2], -3.0, "cameras[0].pose.xyz", "above the floor"),
    (C, ["cameras", 0, "pose", "rpy_deg"], [0, 0, 0], "cameras[0].pose", "got rpy_deg and look_at"),
    (C, ["cameras", 0, "pose", "look_at"], GONE, "cameras[0].pose", "exactly one of rpy, rpy_deg, look_at"),
    (C, ["cameras", 0, "pose", "look_at"], [0.15, 0.75, 3.0], "cameras[0].pose.look_at", "away"),
    (C, ["cameras", 0, "horizontal_fov_deg"], GONE, "cameras[0]", "exactly one of intrinsics"),
    (C, ["cameras", 0, "horizontal_fov_deg"], 200, "cameras[0].horizontal_fov_deg", "at most 170"),
    (C, ["cameras", 0, "detector", "kind"], "onnx", "cameras[0].detector.model", "model file"),
    (C, ["cameras", 0, "detector", "head"], "magic", "cameras[0].detector.head", "nanodet"),
    (C, ["cameras", 0, "detector", "precision"], "float8", "cameras[0].detector.precision", "float16"),
    # fixtures
    (X, [g, 1, "id"], "g1", "gondolas[1].id", "taken by"),
    (X, [g, 1, "shelves", 3 - 1, "id"], "s1", "gondolas[1].shelves[2].id", "taken by"),
    (X, [g, 1, "shelves"], [], "gondolas[1].shelves", "at least 1"),
    (X, [g, 1, "depth"], -0.4, "gondolas[1].depth", "more than 0"),
    (X, [g, 1, "depht"], 0.4, "gondolas[1].depht", "unknown key"),
    (X, [g, 1, "pose", "rpy"], [0, 0, 0], "gondolas[1].pose", "at most one"),
    (X, [g, 1, "pose", "rpy_deg"], [0, 45, 0], "gondolas[1].pose", "level"),
    (X, [g, 1, "pose", "xyz"], [3.7, 6.2, 0], "gondolas[1]", "reaches outside"),
    (X, [g, 4, "pose", "xyz"], [4.7, 3.7, 0], "gondolas[4]", "overlaps g4"),
    (X, [g, 1, "shelves", 2, "pose", "xyz"], [0.02, 0.01, 1.5], "gondolas[1].shelves[2]", "0 to 1.35 m"),
    (X, [g, 1, "shelves", 2, "pose", "xyz"], [0.12, 0.01, 1.1], "gondolas[1].shelves[2]", "sticks out"),
    (X, [g, 1, "shelves", 2, "pose", "xyz"], [0.02, 0.01, 0.7], "gondolas[1].shelves[2]", "apart from g2/s2"),
    (X, [g, 1, "shelves", 2, "plate_row"], GONE, "gondolas[1].shelves[2]", "exactly one of plate_row, plates"),
    (X, [g, 1, "shelves", 2, "plates"], [PLATE], "gondolas[1].shelves[2]", "got plate_row and plates"),
    (X, [g, 1, "shelves", 2, "plate_row", "pitch"], 0.1, "gondolas[1].shelves[2].plate_row", "do not overlap"),
    (X, [g, 1, "shelves", 2, "plate_row", "pitch"], 0.2, "gondolas[1].shelves[2].plate_row", "inside the shelf"),
    (X, [g, 1, "shelves", 2, "plate_row", "count"], 0, "gondolas[1].shelves[2].plate_row.count", "at least 1"),
    (X, [g, 1, "shelves", 2], plates(*SIX[:5], 0.75), "gondolas[1].shelves[2].plates[5]", "g2/s3/p5 and g2/s3/p6"),
    (X, [g, 1, "shelves", 2], plates(0.04, *SIX[1:]), "gondolas[1].shelves[2].plates[0]", "g2/s3/p1 is not"),
    (X, [g, 1, "shelves", 2], plates(0.4, capacity=-1), "gondolas[1].shelves[2].plates[0].capacity", "more than 0"),
    (X, [g, 1, "shelves", 2], plates(0.4, sku="x"), "gondolas[1].shelves[2].plates[0].sku", "unknown key"),
    # buses
    (B, ["buses", 1, "id"], "bus_a", "buses[1].id", "taken by"),
    (B, ["buses", 1, "port"], lambda _: tree(B)["buses"][0]["port"], "buses[1].port", "serial port"),
    (B, ["buses", 0, "baudrate"], "fast", "buses[0].baudrate", "baud, got 'fast'"),
    (B, ["buses", 0, "protocol"], "morse", "buses[0].protocol", "one of board, mt_sics, and_stream, modbus_rtu, got"),
    (B, ["buses", 0, "parity"], "mark", "buses[0].parity", "one of none, even, odd"),
    (B, ["buses", 0, "stop_bits"], 3, "buses[0].stop_bits", "1 or 2"),
    (B, ["buses", 0, "rate"], 10, "buses[0].rate", "unknown key for the protocol board; expected boards, channels"),
    (B, ["buses", 2, "data_bits"], 7, "buses[2].data_bits", "expected 8"),
    (B, ["buses", 2, "rate"], 500, "buses[2].rate", "at most 100"),
    (B, ["buses", 2, "rate"], GONE, "buses[2].rate", "missing; expected readings a second for the protocol modbus_rtu"),
    (B, ["buses", 2, "units"], [], "buses[2].units", "at least 1"),
    (B, ["buses", 2, "mode"], "polled", "buses[2].mode", "unknown key for the protocol modbus_rtu"),
    (B, ["buses", 2, "units", 4, "unit"], 1, "buses[2].units[4]", "'unit 1 register 0' is taken by"),
    (B, ["buses", 2, "units", 1, "unit"], 0, "buses[2].units[1].unit", "a unit address (at least 1"),
    (B, ["buses", 2, "units", 1, "plate"], "g5/s1/p9", "buses[2].units[1].plate", "there is no 'g5/s1/p9'"),
    (B, ["buses", 2, "units", 1, "plate"], "g5/s2/p1", "buses[2].units[1].plate", "taken by"),
    (B, ["buses", 2, "units", 1, "scale"], 0.0, "buses[2].units[1].scale", "other than 0"),
    (B, ["buses", 2, "units", 1, "register"], 65535, "buses[2].units[1].register", "ends at 65535"),
    (B, ["buses", 2, "units", 0, "registr"], 7, "buses[2].units[0].registr", "did you mean register"),
    (B, ["buses", 2, "modbus"], GONE, "buses[2].modbus", "missing; expected a mapping for the protocol modbus_rtu"),
    (B, ["buses", 2, "modbus", "register"], GONE, "buses[2].modbus.register", "missing; expected a register address"),
    (B, ["buses", 2, "modbus", "type"], "int24", "buses[2].modbus.type", "one of int16, uint16, int32"),
    (B, ["buses", 2, "modbus", "function"], "coil", "buses[2].modbus.function", "one of holding, input"),
    (B, ["buses", 2, "modbus", "word_order"], "abcd", "buses[2].modbus.word_order", "one of big, little"),
    (B, ["buses", 2, "modbus", "scale"], 0.0, "buses[2].modbus.scale", "other than 0"),
    (B, ["buses", 2, "modbus", "status"], {"register": 7}, "buses[2].modbus.status", "a bit mask in overload or fault"),
    (
        B,
        ["buses", 2],
        lambda bus: {
            **bus,
            "modbus": {**bus["modbus"], "status": {"register": 500, "fault": 1}},
            "units": bus["units"][:1],
        },
        "buses[2].modbus.register",
        "within 120 of the status register 500",
    ),
    (B, ["buses", 3, "plate"], GONE, "buses[3].plate", "missing; expected a plate id for the protocol mt_sics"),
    (B, ["buses", 3, "plate"], "g3/s2/p9", "buses[3].plate", "there is no 'g3/s2/p9'"),
    (B, ["buses", 3, "plate"], "g3/s2/p1", "buses[3].plate", "taken by"),
    (B, ["buses", 3, "mode"], "sometimes", "buses[3].mode", "one of continuous, polled"),
    (B, ["buses", 3, "timeout"], 0, "buses[3].timeout", "at least 0.02"),
    (B, ["buses", 3, "latency"], -1, "buses[3].latency", "at least 0"),
    (B, ["buses", 3, "boards"], [], "buses[3].boards", "unknown key for the protocol mt_sics; expected plate, rate"),
    (B, ["buses", 0, "boards", 1, "plates", 2], "g1/s2/p2", "buses[0].boards[1].plates[2]", "taken by"),
    (B, ["buses", 0, "boards", 1, "plates", 2], "g1/s2/p9", "buses[0].boards[1].plates[2]", "there is no 'g1/s2/p9'"),
    (B, ["buses", 0, "boards", 1, "scale"], [1e-6], "buses[0].boards[1].scale", "expected 6 numbers"),
    (B, ["buses", 0, "boards", 1, "zero"], [1.0], "buses[0].boards[1].zero", "expected 6 numbers"),
    (B, ["buses", 0, "boards", 1, "scale", 2], 0.0, "buses[0].boards[1].scale[2]", "other than 0"),
    (
        B,
        ["buses", 0, "channels"],
        [{"board": 9, "channel": 1, "plate": "g4/s1/p1", "scale": 1e-6}],
        "buses[1].boards[0].plates[0]",
        "taken by buses.yaml: buses[0].channels[0].plate",
    ),
    # catalogue and planogram
    (K, ["products", "+"], {**PRODUCT, "sku": "milk"}, "products[66].sku", "taken by"),
    (K, ["products", 5, "weight_g"], -3, "products[5].weight_g", "more than 0"),
    (K, ["products", 5, "weight"], 0.1, "products[5]", "exactly one of weight, weight_g"),
    (K, ["products", 5, "weight_g"], GONE, "products[5]", "exactly one of weight, weight_g, got none"),
    (K, ["products", 5, "weight_spread"], 0.001, "products[5]", "exactly one of weight_spread, weight_spread_g"),
    (K, ["products", 5, "weight_spread_g"], -1, "products[5].weight_spread_g", "at least 0"),
    (K, ["products", 5, "weight_spread_g"], 500, "products[5].weight_spread_g", "below the weight"),
    (K, ["products", 5, "price"], -1, "products[5].price", "at least 0"),
    (K, ["products", 5, "price"], 1.49, "products[5].price", "minor units of the currency, got 1.49"),
    (K, ["products", 5, "barcode"], 2041000006858, "products[5].barcode", "put it in quotes"),
    (K, ["products", 5, "barcode"], "12", "products[5].barcode", "GTIN"),
    (
        K,
        ["products", 5, "barcode"],
        lambda old: old[:-1] + str((int(old[-1]) + 1) % 10),
        "products[5].barcode",
        "digit",
    ),
    (K, ["products", 5, "barcode"], lambda _: tree(K)["products"][4]["barcode"], "products[5].barcode", "taken by"),
    (K, ["products", 5, "tax"], "reducd", "products[5].tax", "did you mean reduced"),
    (K, ["products", 5, "minimum_age"], -1, "products[5].minimum_age", "years"),
    (K, ["products_model"], "nowhere.pth", "products_model", "a file that jwo train products wrote"),
    (K, ["tax_classes", "reduced"], "7 %", "tax_classes.reduced", "whole number"),
    (K, ["promotions"], [rule(skus=["honye"])], "promotions[0].skus[0]", "did you mean honey"),
    (K, ["promotions"], [rule(skus=["honey", "honey"])], "promotions[0].skus[1]", "of its own"),
    (K, ["promotions"], [rule(), rule()], "promotions[1].id", "of its own"),
    (K, ["promotions"], [rule(price=None)], "promotions[0]", "exactly one of price, percent_off, amount_off, take"),
    (K, ["promotions"], [rule(amount_off=3)], "promotions[0]", "got price and amount_off"),
    (K, ["promotions"], [rule(pay=1)], "promotions[0].pay", "take beside it"),
    (K, ["promotions"], [rule(price=None, take=3)], "promotions[0]", "exactly one of for_price, pay, got none"),
    (K, ["promotions"], [rule(price=None, take=3, pay=3)], "promotions[0].pay", "fewer units than the 3"),
    (K, ["promotions"], [rule(price=None, percent_off=101)], "promotions[0].percent_off", "at most 100"),
    (K, ["promotions"], [rule(begins="tomorrow")], "promotions[0].begins", "with its zone in quotes"),
    (K, ["promotions"], [rule(begins="2026-11-30T18:00:00")], "promotions[0].begins", "without a time zone"),
    (
        K,
        ["promotions"],
        [rule(begins="2026-11-30T18:00:00Z", ends="2026-11-30T18:00:00+01:00")],
        "promotions[0].ends",
        "after begins",
    ),
    (P, ["planogram", 2, "sku"], "mlik", "planogram[2].sku", "did you mean milk"),
    (P, ["planogram", 2, "plates", 0], "g9/s1/p1", "planogram[2].plates[0]", "there is no 'g9/s1/p1'"),
    (P, ["planogram", 0, "plates"], ["g1/s1/p1", "g1/s1/p1"], "planogram[0].plates[1]", "of its own"),
    (P, ["planogram", 2, "plates"], [], "planogram[2].plates", "at least 1"),
    (P, ["planogram", 2], 5, "planogram[2]", "a mapping, got 5"),
]


@pytest.mark.parametrize(("file", "path", "new", "place", "says"), CASES)
def test_a_wrong_value_gives_one_line_that_names_file_and_path(folder, file, path, new, place, says):
    change(folder, file, path, new)

    (line,) = errors_of(folder)

    start = place if ": " in place else f"{file}: {place}"
    assert line.startswith(start + ": ")
    assert says in line
    assert "\n" not in line


def test_price_rules_are_read_with_their_times_and_terms(folder):
    rules = [
        rule(begins="2026-11-30T18:00:00+01:00", ends="2026-12-01T00:00:00Z", name="Honey week"),
        {"id": "any", "skus": ["honey", "oats"], "take": 3, "pay": 2},
        {"id": "two", "skus": ["oats"], "take": 2, "for_price": 200},
    ]
    change(folder, K, ["promotions"], rules)
    week, several, two = load_store(folder).promotions
    assert (week.kind, week.value, week.count, week.name) == ("price", 99, 1, "Honey week")
    assert (week.begins, week.ends) == (1_796_058_000 * 10**9, 1_796_083_200 * 10**9)
    assert (several.kind, several.value, several.count, several.skus) == ("take_pay", 2, 3, ("honey", "oats"))
    assert (two.kind, two.value, two.count, two.name, two.ends) == ("take_for", 200, 2, "two", 2**63 - 1)


def test_all_errors_are_found_in_one_go(folder):
    change(folder, C, ["cameras", 0, "rate"], "ten")
    change(folder, K, ["products", 5, "tax"], "none")
    change(folder, P, ["planogram", 2, "sku"], "mlik")
    change(folder, S, ["currency"], "euro")
    change(folder, X, [g, 4, "pose", "xyz"], [4.7, 3.7, 0])
    change(folder, B, ["buses", 0, "boards", 1, "board"], 11)

    lines = errors_of(folder)

    assert {line.split(":")[0] for line in lines} == {C, K, P, S, X, B}
    assert sum("expected a channel of its own, 'board 11 channel" in line for line in lines) == 6
    assert len(lines) == 11


def test_a_broken_section_does_not_bring_down_what_refers_to_it(folder):
    change(folder, X, [g, 0, "width"], "wide")

    assert errors_of(folder) == ("fixtures.yaml: gondolas[0].width: expected metres, got 'wide'",)


def test_a_misspelt_section_is_one_error(folder):
    text = yaml.dump({"planogramm": tree(P)["planogram"]})
    (folder / P).write_text(text)

    assert errors_of(folder) == ("planogram.yaml: planogramm: unknown key; did you mean planogram?",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"planogram: [", "planogram.yaml: line 1: expected valid YAML"),
        (
            b"planogram: []\nplanogram: []",
            "planogram.yaml: line 2: expected valid YAML; key 'planogram' is given twice",
        ),
        (b"\xff\xfe\x00", "planogram.yaml: expected valid YAML in UTF-8"),
        (b"- 1", "planogram.yaml: expected a mapping of sections, got a list"),
        (b"planogram: &a [*a]", "planogram.yaml: planogram[0]: expected a mapping"),
        (b"planogram: 2024-13-45", "planogram.yaml: expected valid YAML"),
        (b"planogram: !!python/object:os.system {}", "planogram.yaml: line 1: expected valid YAML"),
        (b"[" * 5000, "planogram.yaml: expected valid YAML"),
    ],
)
def test_a_file_that_is_no_description_gives_one_line(folder, content, says):
    (folder / P).write_bytes(content)

    (line,) = errors_of(folder)

    assert line.startswith(says)
    assert "\n" not in line


def test_nothing_there(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere: expected a folder holding store\.yaml"):
        load_store(tmp_path / "nowhere")


def test_the_main_file_may_be_given_itself():
    assert load_store(DEMO / S) == load_store(DEMO)


def test_whole_numbers_with_exponent_are_numbers(folder):
    text = (folder / B).read_text()
    first = tree(B)["buses"][0]["boards"][0]["scale"][0]
    (folder / B).write_text(text.replace(f"{first:.4e}", "5e-6", 1))

    assert load_store(folder).buses[0].channels[0].scale == 5e-6


def test_scales_of_every_protocol_are_read(folder):
    change(
        folder, B, ["buses", 2, "units", 4], {"unit": 7, "register": 20, "scale": 0.01, "zero": 5, "plate": "g5/s1/p5"}
    )
    change(folder, B, ["buses", 2, "modbus", "status"], {"register": 8, "overload": 2})
    change(folder, B, ["buses", 3, "protocol"], "and_stream")
    change(folder, B, ["buses", 3, "mode"], "polled")
    change(folder, B, ["buses", 3, "data_bits"], 7)
    change(folder, B, ["buses", 3, "parity"], "even")

    store = load_store(folder)

    transmitters, scale = store.buses[2:]
    assert transmitters.registers.points == ((1, 0), (1, 2), (1, 4), (1, 6), (7, 20))
    assert transmitters.registers.status == StatusRegister(8, overload=2)
    assert transmitters.channels[3:] == (
        Channel(0, 3, "g5/s1/p4", 0.001),
        Channel(0, 4, "g5/s1/p5", 0.01, 5.0),
    )
    assert transmitters.reading == Reading(10.0, polled=True)
    assert scale.reading == Reading(10.0, polled=True) and scale.framing.bits == 10
    assert scale.channels == (Channel(0, 0, "g3/s2/p6", 1.0),)


def test_plates_placed_one_by_one_and_a_spare_channel(folder):
    change(folder, X, [g, 1, "shelves", 2], plates(*SIX))
    change(folder, B, ["buses", 0, "boards", 5, "plates", 2], None)

    store = load_store(folder)

    assert [plate.pose.x for plate in store.shelf["g2/s3"].plates] == list(SIX)
    assert "g2/s3/p3" not in {channel.plate for bus in store.buses for channel in bus.channels}


def test_calibrated_intrinsics_and_fisheye(folder):
    lens = {
        "fx": 240.5,
        "fy": 241,
        "cx": 238,
        "cy": 181,
        "distortion_model": "equidistant",
        "distortion": [0.1, 0, 0, 0],
    }
    change(folder, C, ["cameras", 0, "horizontal_fov_deg"], GONE)
    change(folder, C, ["cameras", 0, "intrinsics"], lens)

    camera = load_store(folder).camera["cam_sw"]

    assert (camera.fx, camera.cy, camera.distortion) == (240.5, 181.0, (0.1, 0.0, 0.0, 0.0))
    assert camera.distortion_model == "equidistant"


def test_the_protocols_that_may_be_named_are_those_there_are():
    named = get_type_hints(BusDoc)["protocol"]

    assert set(get_args(named)) == set(PROTOCOLS)


def test_a_shelf_camera_looks_at_what_is_named_or_in_its_picture(folder):
    change(folder, "cameras.yaml", ["cameras", "+"], shelf_camera())
    change(folder, "cameras.yaml", ["cameras", "+"], shelf_camera(id="named", shelves=["g1/s2", "g2"]))
    (folder / "photos").mkdir()
    (folder / "photos" / "1.PNG").touch()
    change(folder, "catalogue.yaml", ["products", 0, "photos"], "photos")
    (folder / "products.pth").touch()
    change(folder, "catalogue.yaml", ["products_model"], "products.pth")
    store = load_store(folder)
    assert store.camera["over_g1"].shelves == ("g1/s1", "g1/s2", "g1/s3")
    assert store.camera["named"].shelves == ("g1/s2", "g2/s1", "g2/s2", "g2/s3")
    assert store.watchers["g1/s2"] == ("over_g1", "named") and "g3/s1" not in store.watchers
    assert Path(store.products[0].photos) == (folder / "photos").resolve()
    assert Path(store.products_model) == (folder / "products.pth").resolve()
