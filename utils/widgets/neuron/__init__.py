"""A neuron with two inputs."""
