"""Faint companions beside bright stars: the star's light taken out, what is left, and how faint it could have been.

Conventions of the whole package, those of the field's public codes:

- Images are (ny, nx), cubes (n, ny, nx), of any size. The star's centre is pixel (ny // 2, nx // 2), counted from zero;
  of even sizes too, as transforms have it.
- Position angles are degrees from +y through -x, 0 to 360: from north through east where north is up and east left.
- `fwhm_px` is the full width at half maximum of the star's core. It is the diameter of apertures, and the distance of
  places that are taken to be independent of each other.
- Values that are not finite are blank: they are zero to transforms and filters, and outside of every zone.

A companion is `flux` times the star, so fainter by -2.5 log10(flux) magnitudes. All steps from the image to the
residual are linear; that is what lets a companion's image be followed through them (`model.py`).
"""
