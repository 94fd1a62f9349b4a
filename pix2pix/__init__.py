"""pix2pix (Isola et al. 2017): from a nodule's mask to a CT patch. `python -m pix2pix` trains and generates."""
