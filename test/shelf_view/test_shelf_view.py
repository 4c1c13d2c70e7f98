"""What a shelf camera makes of pictures, shelf events and tracks."""

import dataclasses
import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.records import (
    EventState,
    ShelfEvent,
    ShelfEventArray,
    Track,
    TrackArray,
    TrackState,
    Watermark,
)
from just_walk_out.shelf_view.colours import ColourCue, PhotoError, changed_pixels, histogram, read_photos
from just_walk_out.shelf_view.cues import Sight
from just_walk_out.shelf_view.pictures import Crop, Picture
from just_walk_out.shelf_view.stage import ShelfViewStage
from just_walk_out.shelf_view.stills import Still, compose
from just_walk_out.shelf_view.views import Eye, plate_views
from just_walk_out.simulation.figure import Figure, draw_appearance
from just_walk_out.simulation.raycast import project
from just_walk_out.store.sight import plate_corners, seen_shelves

SECOND = 1_000_000_000
TICK = SECOND // 10
PLATE, NEAR = "g1/s2/p5", "g1/s2/p2"
COVARIANCE = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))


def stand(store, plate, distance=0.45):
    base = store.gondola_of[plate].pose.matrix()
    x, y = store.front_of(plate)
    return (x - distance * base[0, 1], y - distance * base[1, 1])


def figure(store, name, plate, reaching, number):
    base = store.gondola_of[plate].pose.matrix()
    x, y = stand(store, plate)
    hand = tuple(np.add(store.plate_position[reaching], (0.0, 0.0, 0.1))) if reaching else None
    look = draw_appearance(np.random.default_rng(number), number)
    heading = math.atan2(base[1, 1], base[0, 1])
    return Figure(name, x, y, heading, 0.0, 0.0, hand, 1.0 if reaching else 0.0, 0, False, look)


def play(store, rendered, stock, change=-0.1, people=True, start=20, dead=False, plate=PLATE, staying=""):
    """Twenty seconds of an empty shelf, then two people before it, of whom one takes from a plate: three streams.

    The hand of the other stays at a plate all the time, or at none.
    """
    camera = store.cameras[-1].id
    pictures, tracks, events = [], [], []
    sku = stock.units[plate][-1].sku
    shelf = plate.rsplit("/", 1)[0]
    step = ShelfEvent("e1", shelf, start * SECOND, (start + 1) * SECOND, EventState.FINAL, (plate,), (change,), (4e-6,))
    for tick in range(0, (start + 4) * 10, 2):
        now = tick * TICK
        there = people and start - 3 <= tick / 10 <= start + 1.6
        reaching = start <= tick / 10 <= start + 0.9
        if tick == start * 10 + 6:
            stock.take(plate, "", 1)
        bodies = (
            [figure(store, "a", NEAR, staying, 1), figure(store, "b", plate, plate if reaching else "", 2)]
            if there
            else []
        )
        if not dead:
            pictures.append(Picture(now, camera, rendered.render(stock.units, bodies)))
        found = tuple(
            Track(f"t-{each.id}", TrackState.CONFIRMED, each.x, each.y, 0, 0, COVARIANCE, 1.0, 0) for each in bodies
        )
        tracks.append(TrackArray(now, (), found))
        seen = now - SECOND // 2
        done = (step,) if seen - 2 * TICK < step.end <= seen else ()
        mark = min(seen, step.start - 1) if seen < step.end else seen
        events.append(ShelfEventArray(now, (Watermark(shelf, mark),), done))
    return sku, [pictures, tracks, events]


def answers(store, settings, cue, streams):
    stage = ShelfViewStage(store, store.cameras[-1].id, settings, cue)
    arrays = [array for record in streams for array in stage.push(record)]
    marks = {}
    for array in arrays:
        marks.update({mark.source: mark.stamp for mark in array.watermarks})
    return [each for array in arrays for each in array.observations], marks, arrays


def in_turn(streams):
    return [record for row in itertools.zip_longest(*streams) for record in row if record is not None]


@pytest.fixture(scope="module")
def cue(photos, settings):
    return Sight([ColourCue(photos, settings)], settings)


def test_a_take_is_answered_with_its_product(store, settings, cue, rendered, stock):
    sku, streams = play(store, rendered, stock, people=False)
    (seen,), marks, _ = answers(store, settings, cue, in_turn(streams))
    assert (seen.event, seen.plate) == ("e1", PLATE)
    assert seen.start <= 20 * SECOND and seen.end >= 21 * SECOND
    scores = dict(zip(seen.skus, seen.product_scores, strict=True))
    assert max(scores, key=scores.get) == sku and scores[sku] > 1.0
    assert seen.tracks == () and marks["g1/s2"] > 22 * SECOND


def arms_of(store_over, settings, streams):
    (seen,), _, _ = answers(store_over, settings, None, streams)
    assert seen.skus == ()
    return dict(zip(seen.tracks, seen.track_scores, strict=True))


@pytest.mark.parametrize("plate", ["g1/s1/p4", "g1/s2/p5", "g1/s3/p4"])
def test_a_take_is_answered_with_whose_arm_it_was(store_over, settings, rendered_over, stock, plate):
    """Over the board, or by the bend of who goes under it."""
    _, streams = play(store_over, rendered_over, stock, plate=plate)
    arms = arms_of(store_over, settings, in_turn(streams))
    assert arms["t-b"] > max(0.0, arms.get("t-a", -9.0) + 1.0)


@pytest.mark.parametrize("plate", ["g1/s2/p4", "g1/s3/p4"])
def test_a_hand_that_stays_beside_a_step_is_not_taken_for_its_own(store_over, settings, rendered_over, stock, plate):
    beside = plate[:-1] + "3"
    _, streams = play(store_over, rendered_over, stock, plate=plate, staying=beside)
    arms = arms_of(store_over, settings, in_turn(streams))
    assert arms["t-b"] > max(0.0, arms["t-a"] + 1.0)
    late = [record for row in itertools.zip_longest(*streams[::-1]) for record in row if record is not None]
    assert arms_of(store_over, settings, late) == arms


def test_without_photos_nobody_waits_for_a_clear_view(store, settings, rendered, stock):
    """People stand before the shelf for more than half a second after the step, of which a camera without photos says
    nothing more once it is over."""
    _, streams = play(store, rendered, stock)
    _, _, arrays = answers(store, settings, None, in_turn(streams))
    told = next(record.stamp for record in streams[2] if record.events)
    passed = (array.stamp for array in arrays for mark in array.watermarks if mark.stamp >= 21 * SECOND)
    assert next(passed) == told


def test_the_answer_does_not_depend_on_how_streams_interleave(store, settings, cue, rendered, stock):
    _, (pictures, tracks, events) = play(store, rendered, stock)
    plain = answers(store, settings, cue, in_turn([pictures, tracks, events]))[0]
    late = [record for row in itertools.zip_longest(tracks, events, pictures) for record in row if record is not None]
    assert answers(store, settings, cue, late)[0] == plain
    assert answers(store, settings, cue, in_turn([events, pictures, tracks]) * 2)[0] == plain


@pytest.mark.parametrize("after_wait", [0.1, 0.4, 1.5])
def test_nothing_that_comes_later_than_is_waited_for_bears_on_whose_arm_it_was(
    store_over, settings, rendered_over, stock, after_wait
):
    short = dataclasses.replace(settings, after_wait=after_wait)
    _, (pictures, tracks, events) = play(store_over, rendered_over, stock)
    plain = answers(store_over, short, None, [*events, *in_turn([pictures, tracks])])[0]
    ahead = answers(store_over, short, None, [*events, *pictures, *tracks])[0]
    assert plain == ahead and plain


def test_a_dead_camera_holds_nobody_up(store, settings, cue, rendered, stock):
    _, streams = play(store, rendered, stock, dead=True)
    found, marks, arrays = answers(store, settings, cue, in_turn(streams))
    assert found == [] and marks["g1/s2"] > 22 * SECOND
    passed = next(each.stamp for each in arrays for mark in each.watermarks if mark.stamp >= 20 * SECOND)
    assert passed <= (21 + settings.after_wait + settings.grace + 0.6) * SECOND


def test_a_dark_picture_and_a_covered_lens_say_nothing(store, settings, cue, rendered, stock):
    _, (pictures, tracks, events) = play(store, rendered, stock)
    for darken in (0.02, 0.0):
        dark = [Picture(each.stamp, each.camera, (each.image * darken).astype(np.uint8)) for each in pictures]
        found, marks, _ = answers(store, settings, cue, in_turn([dark, tracks, events]))
        assert found == [] and marks["g1/s2"] > 22 * SECOND


def still(image, known=None):
    return Still(image, np.ones(image.shape[:2], bool) if known is None else known, 0, 0)


def changed(before, after, view, settings):
    return changed_pixels([still(before)], still(after), view.mask, settings.change_level)


def with_pack(view, image, size=8):
    rows, columns = np.nonzero(view.mask)
    top, left = int(rows.mean()) - size // 2, int(columns.mean()) - size // 2
    shown = image.copy()
    shown[top : top + size, left : left + size] = (40, 160, 220)
    return shown


def test_somebody_who_comes_before_the_plate_is_no_product(store, settings):
    view = plate_views(store, store.cameras[-1], settings)[PLATE]
    before = np.full((*view.mask.shape, 3), 90, np.uint8)
    came = before.copy()
    came[:, : came.shape[1] // 2] = (40, 160, 220)
    goods, others = changed(before, came, view, settings)
    assert not goods.any() and others.sum() > 100
    goods, others = changed(before, with_pack(view, before), view, settings)
    assert 40 <= goods.sum() <= 100 and not others.any()


def test_a_change_at_the_rim_of_what_is_hidden_is_no_product(store, settings):
    view = plate_views(store, store.cameras[-1], settings)[PLATE]
    before = np.full((*view.mask.shape, 3), 90, np.uint8)
    after = with_pack(view, before)
    known = np.ones(view.mask.shape, bool)
    known[:, : int(np.nonzero(view.mask)[1].mean())] = False
    goods, others = changed_pixels([still(before)], still(after, known), view.mask, settings.change_level)
    assert not goods.any() and others.any()


def test_what_looks_as_it_did_at_any_time_before_did_not_change(store, settings):
    view = plate_views(store, store.cameras[-1], settings)[PLATE]
    empty = np.full((*view.mask.shape, 3), 90, np.uint8)
    full = with_pack(view, empty)
    for after in (empty, full):
        both = changed_pixels([still(empty), still(full)], still(after), view.mask, settings.change_level)
        assert not any(part.any() for part in both)


@given(
    hidden=st.lists(st.sampled_from(range(6)), min_size=0, max_size=3, unique=True),
    moving=st.sampled_from(range(6)),
    number=st.integers(0, 2**32 - 1),
)
def test_goods_are_found_behind_whoever_hides_them_now_and_then(hidden, moving, number):
    rng = np.random.default_rng(number)
    goods = rng.integers(0, 256, (5, 6, 3)).astype(np.uint8)
    crops, free = [], []
    for index in range(6):
        somebody = index in hidden
        shown = rng.integers(0, 256, goods.shape).astype(np.uint8) if somebody or index == moving else goods
        crops.append(Crop(index, shown, np.full(goods.shape[:2], index != moving)))
        free.append(np.full(goods.shape[:2], not somebody))
    found = compose(crops, free, 2, 5)
    assert found is not None and found.known.all() and np.array_equal(found.image, goods)
    assert compose(crops, free, 7, 7) is None and compose([], None, 1, 1) is None


def test_a_plain_side_does_not_speak_for_the_plainest_product(settings):
    plain = np.full((60, 60, 3), (200, 40, 40), np.uint8)
    striped = plain.copy()
    striped[::2] = (40, 200, 40)
    told = ColourCue({"plain": [plain], "striped": [striped], "other": [plain[..., ::-1].copy()]}, settings)
    side = told.likelihoods(plain, np.ones(plain.shape[:2], bool))
    front = told.likelihoods(striped, np.ones(plain.shape[:2], bool))
    independent = settings.looks * math.log(2.0)  # of as many draws of a colour that is all of one, half of the other
    assert 0.0 < side["plain"] - side["striped"] < 0.8 * independent < side["plain"] - side["other"]
    assert front["striped"] > max(front["plain"], front["other"]) + 2.5


def test_what_did_not_change_and_what_has_no_photos_says_nothing_of_products(store, settings, rendered, stock):
    _, streams = play(store, rendered, stock, people=False)
    assert answers(store, settings, None, in_turn(streams))[0] == []


def test_plates_are_where_the_renderer_puts_them_through_a_bent_lens(demo_store, camera, settings):
    bent = dataclasses.replace(camera, distortion=(-0.25, 0.06, 0.001, -0.001, 0.0))
    eye = Eye(bent)
    shelf = demo_store.shelf["g1/s2"]
    corners = plate_corners(demo_store.gondolas[0], shelf, shelf.plates[2], 0.2)
    expected, _ = project(bent, bent.extrinsic(), corners)
    assert np.allclose(eye.project(corners), expected, atol=0.05)
    views = plate_views(demo_store, bent, settings)
    assert set(views) == {plate.id for shelf in demo_store.gondolas[0].shelves for plate in shelf.plates}
    view = views["g1/s2/p3"]
    u, v = expected.mean(axis=0).round().astype(int)
    assert view.mask[v - view.rows.start, u - view.columns.start]


def test_a_camera_sees_shelves_from_the_front_only(demo_store, camera):
    assert seen_shelves(camera, demo_store.gondolas) == ("g1/s1", "g1/s2", "g1/s3")
    behind = dataclasses.replace(camera, pose=dataclasses.replace(camera.pose, x=-3.0))
    assert "g1/s1" not in seen_shelves(behind, demo_store.gondolas)


@pytest.mark.parametrize("light", [0.75, 1.2])
def test_products_are_told_in_another_light(photos, cue, light):
    told = 0
    for sku, images in photos.items():
        image = np.clip(images[0][40:120, 50:110] * light, 0, 255).astype(np.uint8)
        scores = dict(zip(cue.skus, cue.scores(image, np.ones(image.shape[:2], bool)), strict=True))
        told += max(scores, key=scores.get) == sku
    assert told >= 0.8 * len(photos)


def test_scores_stay_within_the_limit_and_histograms_are_shares(settings, cue):
    rng = np.random.default_rng(1)
    for _ in range(20):
        image = rng.integers(0, 256, (8, 9, 3)).astype(np.uint8)
        assert histogram(image).sum() == pytest.approx(1.0)
        assert all(abs(score) <= settings.limit for score in cue.scores(image, rng.random((8, 9)) < 0.5))


def test_a_photo_that_is_none_is_named(store, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((9, 9, 3), np.uint8))
    product = dataclasses.replace(store.products[0], photos=str(tmp_path))
    one = dataclasses.replace(store, products=(product, *store.products[1:]))
    assert set(read_photos(one)) == {product.sku}
    (tmp_path / "2.jpg").write_text("no picture")
    with pytest.raises(PhotoError, match=r"2\.jpg: expected a picture of"):
        read_photos(one)
