"""Means over rings of a fine image."""

from pipeline.simulation.halo import radius_arcsec


def ring_means(image, optics, from_arcsec, to_arcsec):
    radius = radius_arcsec(optics, image.shape[0])
    return float(image[(radius >= from_arcsec) & (radius < to_arcsec)].mean())
