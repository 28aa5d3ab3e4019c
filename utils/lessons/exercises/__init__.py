"""The exercises of the lectures, one or two modules a lecture, found by their key."""
