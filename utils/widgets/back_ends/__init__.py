"""One front end, six back ends: what each keeps of a note in time."""
