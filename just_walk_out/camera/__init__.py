"""Cameras: capture, calibration and person detectors."""
