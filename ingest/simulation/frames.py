"""From a planned exposure to the bytes of its files."""

import gzip
import io
from zlib import crc32

import numpy as np
from astropy.io import fits

from ingest.simulation import amplifiers, headers
from ingest.simulation.catalogue import source_table
from ingest.simulation.colours import galaxy_through, stars_through
from ingest.simulation.detector import Reduced, calibrated, collected, digitised, pattern_of
from ingest.simulation.night import Exposure
from ingest.simulation.observatory import Target
from ingest.simulation.pointing import wcs_of
from ingest.simulation.sky import Image, Stars, add_galaxy, add_stars, cluster_stars, field_stars

SKY_MAGNITUDE = 20.6  # per square arcsecond
SKYFLAT_COUNTS = 21000.0
CLUSTER_CORE_DEG = 0.011
GZIP_LEVEL = 4  # noise gets no smaller by trying harder
QUANTISATION = 16.0  # levels per noise of a compressed reduced image


def files_of(exposure: Exposure, *, seed: int) -> dict[str, bytes]:
    """All files of one exposure, name to bytes. The same exposure and seed give the same bytes."""
    rng = np.random.default_rng([seed, crc32(exposure.stem.encode())])
    pattern = pattern_of(exposure.station.camera, seed)
    stars = _seen_stars(exposure, exposure.target, seed=seed) if exposure.target else None
    light = light_of(exposure, stars)
    electrons = collected(light, pattern, exposure_s=exposure.exposure_s, rng=rng)
    raw_hdus, read_electrons = _read_out(exposure, electrons, rng)
    files = {exposure.filenames[0]: _file_bytes(raw_hdus, exposure, exposure.raw_extension)}
    if exposure.target is None or stars is None:
        return files
    image = calibrated(read_electrons, pattern, exposure_s=exposure.exposure_s)
    table = source_table(image, stars, wcs_of(exposure.station.camera, exposure.target), exposure.station)
    files[exposure.filenames[1]] = _reduced_file(exposure, image, table)
    if exposure.has_catalogue_file:
        files[exposure.filenames[2]] = _catalogue_file(exposure, table)
    return files


def stars_of(target: Target, *, seed: int) -> Stars:
    """The stars about a target: the same for every telescope."""
    rng = np.random.default_rng([seed, crc32(target.name.encode())])
    place = {"ra_deg": target.ra_deg, "dec_deg": target.dec_deg}
    stars = field_stars(rng, **place, radius_deg=0.17, number=3 * target.n_stars)
    if target.cluster_stars:
        stars = stars.joined(cluster_stars(rng, **place, core_deg=CLUSTER_CORE_DEG, number=target.cluster_stars))
    return stars


def _seen_stars(exposure: Exposure, target: Target, *, seed: int) -> Stars:
    """The same as bright as they are through the exposure's filter."""
    colours = np.random.default_rng([seed, crc32(target.name.encode()), 1])
    return stars_through(stars_of(target, seed=seed), exposure.filter, own=exposure.station.filter, rng=colours)


def light_of(exposure: Exposure, stars: Stars | None) -> Image:
    """Electrons that a perfect camera would collect in each pixel, without noise."""
    station, camera, target = exposure.station, exposure.station.camera, exposure.target
    if exposure.kind == "SKYFLAT":
        return np.full(camera.shape, SKYFLAT_COUNTS * camera.gain)
    if target is None or stars is None:
        return np.zeros(camera.shape)
    brightness = {"zero_point": camera.zero_point, "exposure_s": exposure.exposure_s}
    sky = exposure.exposure_s * 10 ** (0.4 * (camera.zero_point - SKY_MAGNITUDE)) * camera.scale_arcsec**2
    light = np.full(camera.shape, sky)
    wcs = wcs_of(camera, target)
    for galaxy in target.galaxies:
        add_galaxy(light, galaxy_through(galaxy, exposure.filter, own=station.filter), wcs, **brightness)
    add_stars(light, stars, wcs, **brightness, fwhm_px=station.fwhm_px)
    return light


def _read_out(exposure: Exposure, electrons: Image, rng: np.random.Generator) -> tuple[list[fits.ImageHDU], Image]:
    """HDUs of the raw file, and the electrons that can be told from its counts."""
    camera = exposure.station.camera
    header = headers.raw_header(exposure)
    if not camera.has_amplifiers:
        counts = digitised(
            electrons,
            gain=camera.gain,
            bias_counts=camera.bias_counts,
            read_noise=camera.read_noise_electron,
            rng=rng,
        )
        header["EXTNAME"] = "SCI"
        return [fits.ImageHDU(counts, header)], (counts.astype(np.float64) - camera.bias_counts) * camera.gain
    hdus = [fits.PrimaryHDU(header=header)]
    read = np.empty(camera.shape)
    for number, (amplifier, counts) in enumerate(amplifiers.read_out(electrons, camera, rng), start=1):
        hdus.append(fits.ImageHDU(counts, headers.amplifier_cards(exposure, amplifier, number)))
        amplifiers.put_back(read, amplifier, amplifiers.electrons_of(amplifier, counts, camera))
    return hdus, read


def _reduced_file(exposure: Exposure, image: Reduced, table: fits.BinTableHDU) -> bytes:
    header = headers.reduced_header(exposure)
    header["EXTNAME"] = "SCI"
    hdus = [fits.ImageHDU(image, header)]
    if not exposure.has_catalogue_file:
        hdus.append(table)
    return _file_bytes(hdus, exposure, exposure.reduced_extension)


def _catalogue_file(exposure: Exposure, table: fits.BinTableHDU) -> bytes:
    return _file_bytes([fits.PrimaryHDU(header=headers.catalogue_header(exposure)), table], exposure, ".fits")


def _file_bytes(hdus: list[fits.ImageHDU], exposure: Exposure, extension: str) -> bytes:
    """One file: its images compressed in ".fits.fz", the first HDU the primary one otherwise."""
    if extension == ".fits.fz":
        hdus = [_compressed(hdu) if isinstance(hdu, fits.ImageHDU) else hdu for hdu in hdus]
        if not isinstance(hdus[0], fits.PrimaryHDU):
            hdus.insert(0, fits.PrimaryHDU())
    elif isinstance(hdus[0], fits.ImageHDU):
        hdus[0] = fits.PrimaryHDU(hdus[0].data, hdus[0].header)
    plain = io.BytesIO()
    fits.HDUList(hdus).writeto(plain)
    written = _with_checksums(plain.getvalue(), when=f"{exposure.ended_at:%Y-%m-%dT%H:%M:%S}")
    return gzip.compress(written, GZIP_LEVEL, mtime=0) if extension == ".fits.gz" else written


def _compressed(hdu: fits.ImageHDU) -> fits.CompImageHDU:
    return fits.CompImageHDU(
        hdu.data, hdu.header, compression_type="RICE_1", quantize_level=QUANTISATION, dither_seed=1
    )


def _with_checksums(written: bytes, *, when: str) -> bytes:
    """Add CHECKSUM and DATASUM. Astropy's own way, at writing, puts the time of day into them: no two runs agree."""
    with fits.open(io.BytesIO(written), disable_image_compression=True, do_not_scale_image_data=True) as hdus:
        for hdu in hdus:
            hdu.add_checksum(when=when)
        summed = io.BytesIO()
        hdus.writeto(summed)
    return summed.getvalue()
