-- The month's partition of telemetry.record, made if it is not there. Records of that month that lie among the
-- others, because their time was once thought wrong, move into it.
CREATE FUNCTION telemetry.ensure_month(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first_day date := date_trunc('month', moment AT TIME ZONE 'UTC');
    part text := 'record_' || to_char(first_day, 'YYYY_MM');
    starts timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
    ends timestamptz := (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass('telemetry.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('telemetry.ensure_month'));
    -- Asked of the table: to_regclass may answer from a cache that has not heard yet of who held the lock before.
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace AND relname = part) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE telemetry.%I (LIKE telemetry.record INCLUDING DEFAULTS)', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM telemetry.record_other WHERE ts >= %L AND ts < %L RETURNING *) '
        'INSERT INTO telemetry.%I SELECT * FROM moved', starts, ends, part);
    EXECUTE format('ALTER TABLE telemetry.record ATTACH PARTITION telemetry.%I FOR VALUES FROM (%L) TO (%L)',
        part, starts, ends);
END
$$;

-- Unix nanoseconds of a record, exactly.
CREATE FUNCTION telemetry.unix_ns(ts timestamptz, ns smallint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (extract(epoch FROM ts) * 1000000)::bigint * 1000 + ns
$$;

-- The microsecond in which a Unix time in nanoseconds lies.
CREATE FUNCTION telemetry.moment(unix_ns bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT timestamptz '1970-01-01 00:00:00+00' + (unix_ns / 1000) * interval '1 microsecond'
$$;
