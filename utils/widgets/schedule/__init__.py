"""Schedules: draw a learning rate over time and watch a network train with it."""
