"""Many submissions: a journal that survives anything, retries, and who does the work.

``journal`` keeps what is finished, ``runner`` hands out work and writes it down (``interrupts``:
Ctrl-C), ``local`` marks submissions in threads of this machine, ``cluster`` lets workers of Dask
run models and notebooks. ``regrade`` does it again and says what changed (``changes``), in a copy
if nothing shall be touched (``preview``). Labels, points and the journal are the coordinator's
alone: the process that the instructor started.
"""
