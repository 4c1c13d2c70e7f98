from just_walk_out.checkout.proximity import Proximity
from just_walk_out.records import Track, TrackArray, TrackState

SECOND = 1_000_000_000


def track(id, x, y, deviation=0.0, born=0):
    variance = deviation**2
    covariance = (variance, 0.0, 0.0, 0.0, 0.0, variance) + (0.0,) * 10
    return Track(id, TrackState.CONFIRMED, x, y, 0.0, 0.0, covariance, 1.0, born)


def nearby(store, *tracks, of=("t1",), entered=0):
    proximity = Proximity(store, reach=1.2, sigmas=2.0, birth_age=2 * SECOND, memory=100)
    for stamp, each in enumerate(tracks, start=1):
        proximity.update(TrackArray(stamp * SECOND // 10, (), (each,)))
    return proximity.of(of, entered)


def test_a_track_is_near_the_shelves_within_reach_of_their_fronts(store):
    assert nearby(store, track("t1", 1.5, 5.0)) == ("g1/s1",)
    assert nearby(store, track("t1", 1.5, 4.7)) == ()
    assert nearby(store, track("t1", 1.5, 4.7, deviation=0.2)) == ("g1/s1",)
    assert nearby(store, track("t1", 2.8, 5.2)) == ("g1/s1",)


def test_a_visit_is_near_what_any_of_its_members_ever_came_near(store):
    path = [track("t1", 1.5, 5.0), track("t1", 5.0, 2.0), track("t2", 8.5, 5.5)]
    assert nearby(store, *path) == ("g1/s1",)
    assert nearby(store, *path, of=("t1", "t2")) == ("g1/s1", "g2/s1")


def test_who_was_seen_late_but_outside_before_coming_in_has_been_near_nothing_unseen(store):
    waiting, inside = (
        [track("t1", 1.5, y, born=-10 * SECOND), track("t1", 1.5, 5.0, born=-10 * SECOND)] for y in (-1, 1)
    )
    assert nearby(store, *waiting, entered=SECOND // 10) == ("g1/s1",)
    assert nearby(store, *waiting, entered=SECOND // 10 - 1) == ("g1/s1", "g2/s1")
    assert nearby(store, *inside, entered=SECOND // 10) == ("g1/s1", "g2/s1")
    leaving = track("t2", 8.5, -1.0, born=-10 * SECOND)  # of a group of which somebody else came in
    assert nearby(store, *waiting, leaving, of=("t1", "t2"), entered=SECOND // 10) == ("g1/s1", "g2/s1")


def test_a_track_not_seen_from_its_birth_on_may_have_been_anywhere(store):
    assert nearby(store, track("t1", 5.0, 2.0, born=-10 * SECOND)) == ("g1/s1", "g2/s1")
    assert nearby(store, of=("unknown",)) == ("g1/s1", "g2/s1")
