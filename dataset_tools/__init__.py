"""Making datasets from images, CT volumes and phantoms, showing them and checking them."""
