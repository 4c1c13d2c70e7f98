"""Bags in and out, and the whole pipeline without DDS."""
