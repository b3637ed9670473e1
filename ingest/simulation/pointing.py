"""Where each pixel of an exposure lies on the sky."""

import numpy as np
from astropy.wcs import WCS, Sip

from ingest.simulation.detector import Camera
from ingest.simulation.observatory import Target

DISTORTION = 1.0e-5  # per pixel: one and a half pixels at the edge of the image


def wcs_of(camera: Camera, target: Target) -> WCS:
    """Tangent plane through the target, in the middle of the image; SIP of second order where the camera distorts."""
    ny, nx = camera.shape
    wcs = WCS(naxis=2)
    projection = "TAN-SIP" if camera.has_distortion else "TAN"
    wcs.wcs.ctype = [f"RA---{projection}", f"DEC--{projection}"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = [target.ra_deg, target.dec_deg]
    wcs.wcs.crpix = [nx / 2 + 0.5, ny / 2 + 0.5]
    angle = np.radians(camera.rotation_deg)
    turn = np.array([[-np.cos(angle), -np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = turn * camera.scale_arcsec / 3600
    if camera.has_distortion:
        in_x, in_y = np.zeros((3, 3)), np.zeros((3, 3))
        in_x[2, 0], in_x[1, 1], in_y[0, 2], in_y[1, 1] = DISTORTION, -DISTORTION, 1.5 * DISTORTION, DISTORTION
        wcs.sip = Sip(in_x, in_y, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs
