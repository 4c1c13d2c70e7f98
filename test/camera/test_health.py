"""What diagnostics say of a camera."""

from dataclasses import replace

import pytest

from just_walk_out.camera.capture_status import CaptureStatus
from just_walk_out.camera.health import CameraHealth

WELL = CaptureStatus(connected=True, rate=10.0, frames=100, width=480, height=360, last_stamp=1)


@pytest.fixture
def health(demo_store):
    def of(fault="", **changes):
        return CameraHealth(demo_store.camera["cam_sw"], replace(WELL, **changes), fault)

    return of


def test_a_camera_that_delivers_is_well(health):
    assert health().errors == health().warnings == ()
    assert health(connected=False, finished=True, rate=0.0).errors == ()


def test_a_camera_may_take_its_time_to_open_but_not_for_ever(health):
    fresh = {"connected": False, "rate": 0.0, "frames": 0, "width": 0, "height": 0}
    assert health(**fresh).opening and health(**fresh).errors == health(**fresh).warnings == ()
    assert health(**fresh, silent=20.0).errors == ("not open yet",)
    assert health(**fresh, failures=1, error="x: no such device").errors == ("x: no such device",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connected": False, "error": "x: the picture is frozen"}, "the picture is frozen"),
        ({"error": "x: frames are 480x300, the calibration is for 480x360"}, "the calibration is for"),
        ({"fault": "model.onnx: no such output"}, "no such output"),
    ],
)
def test_what_keeps_pictures_from_being_used_is_an_error(health, changes, said):
    (error,) = health(**changes).errors
    assert said in error and health(**changes).warnings == ()


def test_what_is_doubtful_is_a_warning_and_none_hides_another(health):
    found = health(since_jump=3.0, clock_jump=-3600.0, width=960, height=720, rate=2.0).warnings
    assert found == (
        "the clock was set by -3600.0 s",
        "frames of 960x720 are scaled to the 480x360 of the description",
        "2.0 frames/s instead of 10.0",
    )
    assert health(since_jump=90.0, clock_jump=-3600.0).warnings == ()
