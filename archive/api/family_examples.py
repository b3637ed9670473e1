"""Examples of the OpenAPI document for families and info images."""

from typing import Any

BASE = "sro-kb001ms-20220629-00010442"
HOST = "https://archive.example.org/store"
HEADER = {"DATE-OBS": "2022-06-29T23:10:04", "OBJCTRA": "12 30 00.0", "AIRMASS": 1.14, "FILTER": "r'", "EXPTIME": 30.0}
FAMILY: dict[str, Any] = {
    "image_id": 7,
    "base_filename": BASE,
    "data_type": "EX",
    "site": "sro",
    "exposure_time": 30.0,
    "filter_used": "r'",
    "right_ascension": 12.5,
    "declination": 41.2,
    "azimuth": 190.4,
    "altitude": 61.3,
    "airmass": 1.14,
    "fits_01_exists": True,
    "fits_10_exists": False,
    "jpg_medium_exists": True,
    "jpg_small_exists": True,
    "s3_directory": "data",
    "username": "Ann",
    "user_id": "auth0|1",
    "fits_filename": f"{BASE}-EX00.fits.fz",
    "fits_path": "sro/kb001ms/20220629/raw",
    "SMARTSTK": "no",
    "SSTKNUM": "1",
    "capture_date": 1656544204000,
    "sort_date": 1656544204000,
    "jpg_url": f"{HOST}/data/{BASE}-EX10.jpg?…",
    "jpg_thumbnail_url": f"{HOST}/archive/families/data/sro/20220629/of-10/{BASE}-EX11.jpg?…",
    "fits_01_url": f"{HOST}/data/{BASE}-EX01.fits.fz?…",
    "fits_10_url": "",
    "jpg_fault": "",
    "frames": [4],
}
INFO_IMAGE: dict[str, Any] = {
    "site": "sro",
    "channel": 1,
    "base_filename": BASE,
    "data_type": "EX",
    "file_date": 1656544204000,
    "expiration_timestamp": 1656717004000,
    "s3_directory": "info-images",
    "header": None,
    "jpg_medium_exists": True,
    "jpg_small_exists": True,
    "fits_01_exists": False,
    "fits_10_exists": False,
    "jpg_url": f"{HOST}/info-images/{BASE}-EX10.jpg?…",
    "jpg_small_url": f"{HOST}/archive/families/info-images/sro/20220629/of-10/{BASE}-EX11.jpg?…",
    "fits_01_url": "",
    "fits_10_url": "",
    "jpg_10_file_path": f"info-images/{BASE}-EX10.jpg",
    "jpg_11_file_path": f"archive/families/info-images/sro/20220629/of-10/{BASE}-EX11.jpg",
}
LATEST = {"sro": FAMILY["jpg_url"]}
