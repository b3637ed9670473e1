-- Names and columns of the system that this one succeeds, as views: what reads it by SQL goes on reading.
CREATE VIEW telemetry.telem AS
    SELECT record.ts, channel.device, record.msg,
        CASE record.priority WHEN 0 THEN 'EMER' WHEN 1 THEN 'ALRT' WHEN 2 THEN 'CRIT' WHEN 3 THEN 'ERR ' WHEN 4 THEN 'WARN'
            WHEN 5 THEN 'NOTE' WHEN 6 THEN 'INFO' WHEN 7 THEN 'DBG ' WHEN 8 THEN 'DBG2' WHEN 64 THEN 'TELM'
            WHEN 126 THEN 'DEF?' ELSE 'UNK?' END AS prio,
        channel.event AS ec, record.ns
    FROM telemetry.record JOIN telemetry.channel ON channel.id = record.channel_id;

CREATE VIEW telemetry.file_origins AS
    SELECT host AS origin_host, path AS origin_path, telemetry.moment(modified_ns) AS modification_time,
        telemetry.moment(created_ns) AS creation_time, size_bytes
    FROM telemetry.file;

CREATE VIEW telemetry.file_ingest_times AS
    SELECT telemetry.moment(file.created_ns) AS ts, file.device, recording.ingested_at,
        file.host AS origin_host, file.path AS origin_path
    FROM telemetry.file JOIN telemetry.recording ON recording.id = file.recording_id
    WHERE recording.ingested_at IS NOT NULL;

CREATE VIEW telemetry.file_replicas AS
    SELECT location.name AS hostname, replica.path AS replica_path,
        telemetry.moment(replica.origin_modified_ns) AS origin_modification_time, replica.origin_size_bytes AS size_bytes,
        file.host AS origin_host, file.path AS origin_path
    FROM telemetry.replica
    JOIN telemetry.location ON location.id = replica.location_id
    JOIN telemetry.file ON file.id = replica.file_id;

-- Who observed what, and when: from where `observing` turns on to where it turns off, or e-mail or title change.
-- Heartbeats repeat a state; a span that goes on has no end. Only records of the time asked for are looked at, so a span
-- that runs on its borders is told as if it began with the first of them, or went on after the last.
CREATE FUNCTION telemetry.observations_between(first timestamptz, last timestamptz)
RETURNS TABLE (start_ts timestamptz, start_ns smallint, end_ts timestamptz, end_ns smallint, email text, obsname text)
LANGUAGE sql STABLE AS $$
    WITH said AS (
        SELECT record.ts, record.ns, record.recording_id, record.seq, msg -> 'observing' = 'true' AS observing,
            msg ->> 'email' AS email, msg ->> 'obsName' AS obsname
        FROM telemetry.record
        JOIN telemetry.channel ON channel.id = record.channel_id
        WHERE channel.device = 'observers' AND channel.event = 'telem_observer' AND msg ->> 'obsName' <> ''
            AND record.ts BETWEEN first AND last
    ), edges AS (
        SELECT said.*, lag(observing) OVER w AS was, lag(email) OVER w AS email_before, lag(obsname) OVER w AS obsname_before
        FROM said WINDOW w AS (ORDER BY ts, ns, recording_id, seq)
    ), spans AS (
        SELECT ts, ns, lead(ts) OVER w AS next_ts, lead(ns) OVER w AS next_ns, email, obsname, observing
        FROM edges
        WHERE observing IS DISTINCT FROM was
            OR (observing AND (email, obsname) IS DISTINCT FROM (email_before, obsname_before))
        WINDOW w AS (ORDER BY ts, ns, recording_id, seq)
    )
    SELECT ts, ns, next_ts, next_ns, email, obsname FROM spans WHERE observing
$$;

CREATE VIEW telemetry.observations AS
    SELECT start_ts, end_ts, email, obsname FROM telemetry.observations_between('-infinity', 'infinity');
