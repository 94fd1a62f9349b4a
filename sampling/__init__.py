"""Images out of latents: generation, interpolation, and the projection of an image into the latent space."""

from sampling.generator import Generator  # noqa: F401
