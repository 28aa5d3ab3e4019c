"""The note browser: family × pitch × velocity, each note with its record, picture and sound."""
