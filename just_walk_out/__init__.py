"""A cashier-less store as a sensor network on ROS 2."""
