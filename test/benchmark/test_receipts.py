import csv
import json

import numpy as np
import pytest
import replica
import yaml

from just_walk_out.benchmark.receipts.scores import Reliability
from just_walk_out.cli.main import main
from just_walk_out.records import DecisionState, Interaction, Kind
from just_walk_out.replay.scoring import Handling

FIGURES = {"f1", "exact", "wrong_per_1000", "review_rate", "line_delay_median_s", "charge_delay_p99_s"}


def test_a_quick_run_prints_a_table_and_writes_figures_and_a_picture(tmp_path, capsys):
    files = ["--json", str(tmp_path / "a" / "receipts.json"), "--plot", str(tmp_path / "b" / "receipts.png")]
    only = ["--only", "single", "--visits", "2"]
    assert main(["benchmark", "receipts", "--quick", "--seed", "3", *only, *files]) == 0
    text = capsys.readouterr().out
    assert "Seed 3." in text and "single" in text
    figures = json.loads((tmp_path / "a" / "receipts.json").read_text())
    assert figures["single"].keys() >= {"ours", "baseline"}
    assert figures["single"]["ours"].keys() == figures["single"]["baseline"].keys() >= FIGURES
    assert figures["single"]["ours"]["f1"] == 1.0
    assert figures["single"]["ours"]["charge_delay_p99_s"] <= 1.0
    assert (tmp_path / "b" / "receipts.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded") / "replica"
    replica.record(folder, seed=5, shoppers=3, takes=2, gap=8.0, gondolas=2, shelves=3)
    return folder


def test_a_recording_of_another_store_without_cameras_and_gates_is_scored(recording, tmp_path, capsys):
    written = tmp_path / "recorded.json"
    assert main(["benchmark", "receipts", "--input", str(recording), "--json", str(written)]) == 0
    assert "recorded" in capsys.readouterr().out
    ours = json.loads(written.read_text())["recorded"]["ours"]
    assert (ours["visits"], ours["f1"], ours["wrong_per_1000"]) == (3, 1.0, 0.0)
    assert ours["line_delay_median_s"] <= 0.6


def test_a_recording_without_visits_and_handlings_and_with_weights_as_text_gives_the_same_receipts(
    recording, tmp_path, capsys
):
    for name in ("store.yaml", "people.csv", "receipts.csv"):
        (tmp_path / name).write_text((recording / name).read_text())
    arrays = np.load(recording / "weights.npz")
    for shelf in arrays.files:
        if shelf != "times":
            path = tmp_path / "weights" / f"{shelf}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            header = ["time", *(f"p{n + 1}" for n in range(arrays[shelf].shape[1]))]
            table = np.column_stack([arrays["times"], arrays[shelf]])
            replica.write(path, header, [[f"{value:.5f}" for value in row] for row in table])
    written = tmp_path / "recorded.json"
    assert main(["benchmark", "receipts", "--input", str(tmp_path), "--json", str(written)]) == 0
    assert json.loads(written.read_text())["recorded"]["ours"]["f1"] == 1.0


def test_what_others_record_differently_gives_the_same_receipts(recording, tmp_path, capsys):
    """Rows of people who are not seen, visits without an end, empty receipts, and plates that were not recorded."""
    for path in recording.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    people = (recording / "people.csv").read_text().splitlines()
    first, last = people[1].split(",")[0], people[-1].split(",")[0]
    unseen = [f"{first},shopper3,nan,nan,", f"{last},shopper1,,,", f"{first},nobody,,,"]
    (tmp_path / "people.csv").write_text("\n".join([people[0], *unseen, *people[1:]]) + "\n")
    visits = (recording / "visits.csv").read_text().splitlines()
    ends = [f"{person},," for person in ("shopper2", "shopper3", "nobody")]
    (tmp_path / "visits.csv").write_text("\n".join([*visits[:2], *ends]) + "\n")
    receipts = (recording / "receipts.csv").read_text().replace(",1\n", ",1.0\n")
    (tmp_path / "receipts.csv").write_text(receipts + "nobody,,\nnobody,,0\n")
    with np.load(recording / "weights.npz") as file:
        arrays = {name: file[name] for name in file.files}
    with (recording / "handlings.csv").open(newline="") as file:
        moved = {row["sku"] for row in csv.DictReader(file)}
    store = yaml.safe_load((recording / "store.yaml").read_text())
    used = {plate for item in store["planogram"] if item["sku"] in moved for plate in item["plates"]}
    for key in set(arrays) - {"times"}:
        idle = [n for n in range(arrays[key].shape[1]) if f"{key}/p{n + 1}" not in used]
        arrays[key][:, idle] = np.inf
    np.savez(tmp_path / "weights.npz", **arrays)
    written = tmp_path / "recorded.json"
    assert main(["benchmark", "receipts", "--input", str(tmp_path), "--json", str(written)]) == 0
    ours = json.loads(written.read_text())["recorded"]["ours"]
    assert (ours["visits"], ours["f1"], ours["exact"]) == (4, 1.0, 1.0)


def change(name, find, replacement, count=1):
    return name, lambda text: text.replace(find, replacement, count)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("people.csv", lambda text: None), "people.csv: missing; expected a file with the header time,person,x,y"),
        (change("people.csv", "person", "who"), "people.csv: expected the header time,person,x,y[,sigma], found"),
        (change("people.csv", ",0.06", ",-1"), "people.csv:2: sigma: expected metres above 0"),
        (change("people.csv", ",shopper1,", ",shopper1,x"), "people.csv:2: expected a number"),
        (change("receipts.csv", "shopper1", "shopper9"), "receipts.csv:2: 'shopper9' is no visit"),
        (change("receipts.csv", ",sku0", ",none"), "is no sku"),
        (change("receipts.csv", ",1\n", ",-1\n"), "expected a quantity of at least 0"),
        (change("handlings.csv", ",1\n", ",0\n"), "expected a quantity of at least 1"),
        (("people.csv", lambda text: text.replace("\n1", "\n1000")), "expected times in seconds on the clock of the"),
        (change("people.csv", ",0.06", ""), "people.csv:2: expected 5 values, found 4"),
        (change("visits.csv", "shopper2", "shopper1"), "visits.csv:3: person 'shopper1' is given twice"),
        (change("handlings.csv", "take", "steal"), "'steal' is no kind"),
        (("weights.npz", lambda text: None), "weights.npz: missing; expected it, or a file weights/SHELF.csv"),
        (change("store.yaml", "weight_g", "mass"), "store.yaml"),
    ],
)
def test_a_wrong_recording_ends_in_one_line(recording, tmp_path, capsys, edit, message):
    name, alter = edit
    for path in recording.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = alter((tmp_path / name).read_text() if name != "weights.npz" else "")
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    assert main(["benchmark", "receipts", "--input", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda arrays: arrays.pop("times"), "array 'times' is missing"),
        (lambda arrays: arrays.update({"g9/s1": arrays["g1/s1"]}), "array 'g9/s1' is no shelf"),
        (lambda arrays: arrays.update({"g1/s1": arrays["g1/s1"][:, 1:]}), "array 'g1/s1': expected shape"),
        (lambda arrays: arrays.update(times=arrays["times"][::-1]), "expected a time later"),
        (
            lambda arrays: arrays.update(times=1e3 * arrays["times"]),
            "expected times in seconds, 0.001 to 1 apart",
        ),
        (lambda arrays: arrays.update({"g1/s1": 1e3 * arrays["g1/s1"]}), "expected kilograms; one sample and the next"),
        (lambda arrays: arrays.update({key: arrays[key] * np.nan for key in arrays if "/" in key}), "found no value"),
    ],
)
def test_wrong_arrays_end_in_one_line(recording, tmp_path, capsys, alter, message):
    for path in recording.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with np.load(recording / "weights.npz") as file:
        arrays = {name: file[name] for name in file.files}
    alter(arrays)
    np.savez(tmp_path / "weights.npz", **arrays)
    assert main(["benchmark", "receipts", "--input", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_what_the_replica_says_is_what_it_writes(recording):
    with (recording / "receipts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["visit"] for row in rows} <= {"shopper1", "shopper2", "shopper3"}


def decision(confidence, sku="cola", visit="v", start=10.0):
    stamp = int(start * 1e9)
    return Interaction(
        f"{sku}@{start}", stamp, stamp + 10**9, "g1/s1", ("g1/s1/p1",), Kind.TAKE, DecisionState.COMMITTED, sku, 1,
        visit, "t", confidence,
    )  # fmt: skip


def test_the_calibration_error_is_the_distance_between_confidence_and_share_right():
    truth = [Handling("ann", Kind.TAKE, "cola", 1, int(10.5e9), int(11e9))]
    found = Reliability()
    found.add([decision(0.9), decision(0.9, sku="tea"), decision(0.9, start=10.2)], truth, {"v": "ann"})
    assert found.right == [True, False, False]
    assert found.error() == pytest.approx(0.9 - 1 / 3)
    assert Reliability().error() is None
