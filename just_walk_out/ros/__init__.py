"""The only shared ROS helpers: conversions, QoS, topics, parameters, diagnostics and markers."""
