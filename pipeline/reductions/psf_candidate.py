"""The star of an observation as people may put it into the PSF library: an image to compute with, one to look at."""

from pipeline.figures.companions import star_picture
from pipeline.reductions.files import bytes_file, fits_file
from pipeline.reductions.job import Job, Made
from pipeline.reductions.star_cut import cut_star, strehl_of


def make(job: Job) -> Made:
    """`<observation>_psf.fits`, the square about the star with the star on its middle pixel, and `_psf.png`.

    Pixels are those of the stack moved by a part of a pixel, not filtered: whoever uses the image does that.
    """
    star, measured = cut_star(job), strehl_of(job)
    text = f"Star of {job.subject}, Strehl ratio {100 * measured['strehl_ratio']:.1f} %."
    picture = star_picture(star.pixels, description=text)
    files = (
        fits_file(job, "psf", f"{job.subject}_psf.fits", star.pixels, star.header),
        bytes_file(job, "picture", f"{job.subject}_psf.png", picture),
    )
    values = {
        "fwhm_arcsec": star.fwhm_arcsec,
        "scale_arcsec": star.scale_arcsec,
        "strehl_ratio": measured["strehl_ratio"],
        "warnings": measured["warnings"],
        "texts": {"picture": text},
    }
    return Made(files, values)
