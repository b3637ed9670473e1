"""Master darks and flats of a night."""

from archive.enums import ProductKind
from pipeline.arrays.calibration import master_dark, master_flat
from pipeline.provenance import master_header
from pipeline.reductions.files import fits_file
from pipeline.reductions.job import Job, Made, NothingToMake
from pipeline.reductions.raw_frames import image_of, inputs_of, raw_cube_of


def make(job: Job) -> Made:
    """`dark_<mode>_<night>.fits`, raw counts with the bias in them, or `flat_<filter>_<night>.fits`, mean 1.

    A flat needs a dark of its own mode: what the bias adds to all pixels alike would pass for light. Raises
    NothingToMake while there is none.
    """
    if job.kind is ProductKind.FLAT and not inputs_of(job, "dark"):
        raise NothingToMake("There is no dark of the flats' detector mode; a flat with its bias in it divides wrong.")
    cube = raw_cube_of(job)
    if job.kind is ProductKind.DARK:
        pixels, unit = master_dark(cube), "adu"
    else:
        dark, _ = image_of(inputs_of(job, "dark")[0])
        pixels, unit = master_flat(cube, dark=dark, saturated_adu=job.parameters["saturated_adu"]), ""
    header = master_header(job, cube.headers[0], unit=unit, n_frames=len(cube))
    filename = f"{job.subject}_{job.night:%Y%m%d}.fits"
    return Made((fits_file(job, "master", filename, pixels, header),), {"n_frames": len(cube)})
