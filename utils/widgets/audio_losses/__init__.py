"""A note damaged in four ways, heard, and measured by three distances that disagree."""
