"""What observations say of the seeing: kept in their rows, so that a search finds by it without a look elsewhere."""

from datetime import date

from django.db import connection, transaction

NOTING_LOCK = 7_365_205  # advisory lock of PostgreSQL, beside those of archive.domain.events and pipeline.planning

# Sums in one order, so that the same measurements give the same numbers whatever their ids are. Rows are locked in the
# order of names, as all do who lock several.
NOTE = """
    WITH seen AS MATERIALIZED (
        SELECT measured.observed_at, measured.fwhm_arcsec
        FROM archive_seeingmeasurement AS measured
        JOIN archive_product AS product ON product.id = measured.product_id AND product.is_current
        WHERE measured.night = %(night)s
    ), wanted AS MATERIALIZED (
        SELECT observation.id, night.*, nearest.*
        FROM archive_observation AS observation
        CROSS JOIN (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY fwhm_arcsec) AS median_arcsec,
                avg(fwhm_arcsec ORDER BY fwhm_arcsec) AS mean_arcsec
            FROM seen
        ) AS night
        LEFT JOIN LATERAL (
            SELECT seen.fwhm_arcsec AS nearest_arcsec, seen.observed_at AS nearest_at FROM seen
            ORDER BY abs(extract(epoch FROM seen.observed_at - observation.observed_at)), observed_at, fwhm_arcsec
            LIMIT 1
        ) AS nearest ON true
        WHERE observation.night = %(night)s AND (%(name)s::text IS NULL OR observation.name = %(name)s)
            AND (seeing_median_arcsec, seeing_mean_arcsec, seeing_nearest_arcsec, seeing_nearest_at)
                IS DISTINCT FROM (median_arcsec, mean_arcsec, nearest_arcsec, nearest_at)
        ORDER BY observation.name FOR NO KEY UPDATE OF observation
    )
    UPDATE archive_observation AS observation SET
        seeing_median_arcsec = wanted.median_arcsec,
        seeing_mean_arcsec = wanted.mean_arcsec,
        seeing_nearest_arcsec = wanted.nearest_arcsec,
        seeing_nearest_at = wanted.nearest_at,
        modified_at = statement_timestamp()
    FROM wanted WHERE wanted.id = observation.id
"""


def note_seeing(night: date, *, name: str | None = None) -> int:
    """Let the observations of a night, or the one of this name, say what the seeing of the night is now.

    Median and mean are of all measurements that stand, and the nearest one counts by the time in an observation's
    name, of two as near the earlier. Widths are as seen: what the night's page and the original show. Safe to repeat:
    what says so already is left alone. Those of one night take turns to the end of their transactions, so that each
    sees what the one before has measured. Answers how many observations have changed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [NOTING_LOCK, night.toordinal()])
        cursor.execute(NOTE, {"night": night, "name": name})
        return int(cursor.rowcount)
