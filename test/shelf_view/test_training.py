"""The network that tells products by sight, on photos of simulated packs: tiny, from random weights."""

import dataclasses

import cv2
import numpy as np
import pytest

from just_walk_out.cli.main import main
from just_walk_out.shelf_view.augment import GREY, cut_out, disturb
from just_walk_out.shelf_view.cues import product_sight
from just_walk_out.shelf_view.network import ModelError
from just_walk_out.shelf_view.training import Plan, read_folder, split, train
from just_walk_out.simulation.photos import photograph

REASON = "torch and torchvision are not installed (extra torch)"


@pytest.fixture(scope="module")
def folder(demo_store, tmp_path_factory):
    """Eight photos each of three packs."""
    place = tmp_path_factory.mktemp("photos")
    for product in demo_store.products[:60:20]:
        (place / product.sku).mkdir()
        rng = np.random.default_rng(7)
        for number in range(8):
            cv2.imwrite(str(place / product.sku / f"{number}.png"), photograph(product, rng))
    return place


@pytest.fixture(scope="module")
def trained(folder):
    pytest.importorskip("torch", reason=REASON)
    pytest.importorskip("torchvision", reason=REASON)
    said = []
    plan = Plan(epochs=10, batch=12, size=32, rate=4e-3, device="cpu")
    return train(read_folder(folder), plan, said.append), said, plan


def test_what_changed_fills_the_picture_and_nothing_else_shows():
    image = np.zeros((30, 40, 3), np.uint8)
    changed = np.zeros((30, 40), bool)
    changed[10:20, 5:15] = True
    image[changed] = (10, 200, 30)
    assert (cut_out(image, changed, 16) == (10, 200, 30)).all(axis=2).mean() > 0.9
    changed[12:14, 15:25] = True
    assert (cut_out(image, changed, 16) == GREY).all(axis=2).any()


def test_photos_are_disturbed_the_same_way_by_the_same_seed(demo_store):
    photo = photograph(demo_store.products[0], np.random.default_rng(1))
    first, again, other = (disturb(photo, 48, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other) and first.shape == (48, 48, 3)


def test_whole_photos_are_kept_aside():
    photos = {sku: [np.full((4, 4, 3), 10 * number, np.uint8) for number in range(count)] for sku, count in
              (("a", 5), ("b", 1), ("c", 2))}  # fmt: skip
    learnt, kept = split(photos, 0.2)
    assert [number for number, _ in learnt] == [0, 0, 0, 0, 1, 2] and [number for number, _ in kept] == [0, 2]
    assert kept[0][1][0, 0, 0] == 40


def test_a_folder_without_photos_gets_one_line(tmp_path, capsys):
    assert main(["train", "products", str(tmp_path / "none"), "--output", str(tmp_path / "x.pth")]) == 2
    assert "expected a folder of photos each of two products or more" in capsys.readouterr().err
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_text("no picture")
    with pytest.raises(ModelError, match=r"1\.png: expected a picture of a"):
        read_folder(tmp_path)


def test_it_learns_says_that_it_began_at_random_and_is_calibrated(trained):
    result, said, _ = trained
    assert "random" in said[0]
    # of 48 looks one third is right by chance, give or take 0.07
    assert result.accuracy > 0.47 and result.log_loss < result.log_loss_of_chance
    assert result.model.temperature > 0.0 and result.looks == 48


def test_the_same_seed_gives_the_same_network(folder, trained):
    plan = dataclasses.replace(trained[2], epochs=1)
    first, again = (train(read_folder(folder), plan, lambda _: None).model for _ in range(2))
    pictures = [np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)]
    assert np.array_equal(first.log_shares(pictures), again.log_shares(pictures))


@pytest.mark.parametrize("epochs", [1, 2])
def test_an_interrupted_training_goes_on_to_the_same_end(folder, trained, tmp_path, epochs):
    class InterruptedTrainingError(Exception):
        """Ends a training."""

    plan, photos, kept = dataclasses.replace(trained[2], epochs=6), read_folder(folder), tmp_path / "kept.part"

    def interrupt(line):
        if line.startswith(f"epoch {epochs:>3} "):
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        train(photos, plan, interrupt, kept)
    said = []
    resumed = train(photos, plan, said.append, kept)
    whole = train(photos, plan, lambda _: None)
    assert f"goes on after epoch {epochs} of 6" in said
    for (name, value), (_, other) in zip(
        whole.model.network.state_dict().items(), resumed.model.network.state_dict().items(), strict=True
    ):
        assert np.array_equal(value.numpy(), other.numpy()), name
    assert (resumed.model.temperature, resumed.log_loss) == (whole.model.temperature, whole.log_loss)


def test_what_another_training_has_kept_is_not_taken_up_and_not_lost(folder, trained, tmp_path, capsys):
    kept = tmp_path / "products.pth.part"
    command = ["train", "products", str(folder), "--output", str(tmp_path / "products.pth"), "--device", "cpu"]
    plan = Plan(epochs=1, device="cpu")
    train(read_folder(folder), plan, lambda _: None, kept)
    before = kept.read_bytes()
    assert main([*command, "--epochs", "2"]) == 2
    assert "expected an interrupted training with the same photos and options" in capsys.readouterr().err
    assert kept.read_bytes() == before and not (tmp_path / "products.pth").exists()
    kept.write_bytes(before[:5000])
    assert main([*command, "--epochs", "1"]) == 2
    assert "expected a mapping" in capsys.readouterr().err
    kept.write_bytes(before)
    assert main([*command, "--epochs", "1"]) == 0
    assert "goes on after epoch 1 of 1" in capsys.readouterr().out
    assert not kept.exists() and (tmp_path / "products.pth").exists()


def test_a_store_that_names_the_model_tells_products_by_it(folder, demo_store, tmp_path, settings, capsys):
    pytest.importorskip("torch", reason=REASON)
    pytest.importorskip("torchvision", reason=REASON)
    path = tmp_path / "products.pth"
    assert main(["train", "products", str(folder), "--output", str(path), "--epochs", "1", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "WARNING" in out and "24 photos of 3 products" in out and "right, log loss" in out
    store = dataclasses.replace(demo_store, products_model=str(path))
    sight = product_sight(store, settings)
    skus = tuple(sorted(product.sku for product in store.products[:60:20]))
    image = np.full((20, 20, 3), 90, np.uint8)
    scores = sight.scores(image, np.ones((20, 20), bool))
    assert sight.skus == skus and len(scores) == 3 and all(abs(score) <= settings.limit for score in scores)
    for text in (b"", b"no model", path.read_bytes()[:1000]):
        (tmp_path / "bad.pth").write_bytes(text)
        with pytest.raises(ModelError, match=r"bad\.pth'?.*: .*expected a mapping") as error:
            product_sight(dataclasses.replace(store, products_model=str(tmp_path / "bad.pth")), settings)
        assert "\n" not in str(error.value)


def test_without_torch_one_line_says_what_to_install(demo_store, settings, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ModelError, match=r"install just_walk_out\[torch\]"):
        product_sight(dataclasses.replace(demo_store, products_model=str(tmp_path / "products.pth")), settings)
