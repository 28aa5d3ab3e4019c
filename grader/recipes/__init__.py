"""Clusters that workers of the grader run on: SLURM by a program, Kubernetes by a manifest.

===================  ===========================================================
``slurm``            starts workers with SLURM, grades, ends them
``kubernetes.yaml``  scheduler and workers; ``Dockerfile`` makes their image
===================  ===========================================================

A program, because dask-jobqueue is one: what it hands to SLURM is decided by its arguments,
and a test can look at the script. A manifest, because that is what Kubernetes reads.
"""
