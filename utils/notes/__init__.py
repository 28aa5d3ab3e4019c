"""Notes: waveform → log-mel spectrogram → data set.

Every note lasts 4 s (3 s held, 1 s released) at 16 kHz, mono; its record has the
keys of NSynth's ``examples.json``.

===========================  ====================================================
what a note is
``vocabulary``               families, sources and qualities, in NSynth's order
``front_end``                the parameters of the front end and their id (no torch)
``audio``                    any sound → 64 000 samples at 16 kHz
``mel``                      samples → 64 × 64 log-mel spectrogram
``embedded``                 the notes that come with the course
splits
``splits``                   train / validation / test, by note, group, pitch, …
``partition``                … shares as near to the ratios as groups allow
``stratify``                 … and as even as single notes allow
``balance``                  the same number of notes of every family
data augmentation
``augment``                  random changes of a training batch
``augment_waveform``         pitch, speed, gain, noise, shift and gaps of waveforms
``augment_vocoder``          … how pitch and speed come apart
``augment_equalizer``        … and equalizers
``augment_mel``              pitch, speed, shift and masks of log-mel pictures
``augment_mel_levels``       … and gain, equalizer, tilt, noise floor
``augment_labels``           which labels survive, and which move along
``augment_options``          amounts, one for all notes or one a note
stores
``store``                    a memory-mapped data set of spectrograms
``store_format``             what its files are called and hold
``store_manifest``           reads its manifest
``store_reader``             opens it, and looks at parts of it
``store_writer``             writes it, all or nothing
``store_builder``            makes it from sounds, in parallel
``store_worker``             the processes that do so
NSynth
``nsynth``                   reads NSynth's format, as a folder or a .tar.gz
``nsynth_archive``           … the latter as a stream
``prepare``                  from nothing to stores of its notes
``download``                 fetches the official archives
``transfer``                 one request for the bytes that a file still lacks
``part``                     a file that is being fetched
``verify``                   is a file the right one?
class packs
``class_pack``               a balanced store that an instructor serves to a class
``class_pack_builder``       makes it
``class_pack_index``         its index
how the embedded notes are made
``render``                   from SoundFonts and synthesizers, again
``rebuild_check``            … and compared with those that ship
``embedded_pack``            writes their files
``data_card``                the text that says what they are
``note_plan``                which instruments, groups, splits and pitches
``instruments``              what each can play, and which share recordings
``general_midi``             the family of a General MIDI preset
``soundfont``                what a SoundFont says about its presets
``fluid``                    plays single notes of a SoundFont
``synthesizers``             parametric instruments of our own
``synthesizers_blown``       … brass, flutes and reeds
``synthesizers_plucked``     … basses and guitars
``synthesizers_struck``      … keyboards and mallets
``synthesizers_sustained``   … organs, strings, synth leads and voices
``synthesis``                their building blocks
``synthesis_strings``        … for what is struck or plucked
the command line
``console``                  what ``python -m utils.notes`` shows while it works
===========================  ====================================================
"""
