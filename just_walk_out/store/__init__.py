"""The store as data: floor plan, fixtures, planogram, catalogue, sensors and policy."""
