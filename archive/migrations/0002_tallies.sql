-- Tallies of listed frames. Writers of frames only append to one table (archive_tallydelta), so that they never wait
-- for each other; beat folds what has gathered there into the tables, and the views *_now show tables and delta as one.

CREATE TABLE archive_tallydelta (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,
    site_id varchar(64) NOT NULL,
    telescope_id varchar(64) NOT NULL,
    instrument_id varchar(64) NOT NULL,
    configuration_type varchar(64) NOT NULL,
    reduction_level smallint NOT NULL,
    primary_optical_element varchar(100) NOT NULL,
    proposal_id varchar(64) NOT NULL,
    target_name varchar(1000) NOT NULL,
    is_public boolean NOT NULL,
    n_frames bigint NOT NULL
);

CREATE TABLE archive_setuptally (
    span smallint NOT NULL,
    starts_on date NOT NULL,
    site_id varchar(64) NOT NULL,
    telescope_id varchar(64) NOT NULL,
    instrument_id varchar(64) NOT NULL,
    configuration_type varchar(64) NOT NULL,
    reduction_level smallint NOT NULL,
    primary_optical_element varchar(100) NOT NULL,
    is_public boolean NOT NULL,
    n_frames bigint NOT NULL,
    PRIMARY KEY (
        span, starts_on, instrument_id, primary_optical_element, configuration_type, reduction_level, is_public,
        site_id, telescope_id
    )
) WITH (fillfactor = 90);

CREATE TABLE archive_proposaltally (
    proposal_id varchar(64) NOT NULL,
    site_id varchar(64) NOT NULL,
    telescope_id varchar(64) NOT NULL,
    instrument_id varchar(64) NOT NULL,
    configuration_type varchar(64) NOT NULL,
    reduction_level smallint NOT NULL,
    primary_optical_element varchar(100) NOT NULL,
    is_public boolean NOT NULL,
    n_frames bigint NOT NULL,
    PRIMARY KEY (
        proposal_id, is_public, instrument_id, primary_optical_element, configuration_type, reduction_level,
        site_id, telescope_id
    )
) WITH (fillfactor = 90);

CREATE TABLE archive_proposaltimetally (
    span smallint NOT NULL,
    starts_on date NOT NULL,
    proposal_id varchar(64) NOT NULL,
    is_public boolean NOT NULL,
    n_frames bigint NOT NULL,
    PRIMARY KEY (span, starts_on, proposal_id, is_public)
) WITH (fillfactor = 90);

CREATE TABLE archive_targettally (
    target_name varchar(1000) NOT NULL,
    is_public boolean NOT NULL,
    n_frames bigint NOT NULL,
    PRIMARY KEY (target_name, is_public)
) WITH (fillfactor = 90);

CREATE INDEX targettally_by_part ON archive_targettally
    USING gin (upper(target_name::text) gin_trgm_ops) WITH (fastupdate = off);

-- Every span that a day lies in.
CREATE FUNCTION archive_spans_of(day date) RETURNS TABLE (span smallint, starts_on date)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    VALUES (0::smallint, DATE '0001-01-01'),
           (1::smallint, date_trunc('year', day::timestamp)::date),
           (2::smallint, date_trunc('month', day::timestamp)::date),
           (3::smallint, day)
$$;

CREATE VIEW archive_setuptally_now AS
    SELECT span, starts_on, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
           primary_optical_element, is_public, n_frames
    FROM archive_setuptally
    UNION ALL
    SELECT spans.span, spans.starts_on, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
           primary_optical_element, is_public, n_frames
    FROM archive_tallydelta, archive_spans_of(day) AS spans;

CREATE VIEW archive_proposaltally_now AS
    SELECT proposal_id, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
           primary_optical_element, is_public, n_frames
    FROM archive_proposaltally
    UNION ALL
    SELECT proposal_id, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
           primary_optical_element, is_public, n_frames
    FROM archive_tallydelta;

CREATE VIEW archive_proposaltimetally_now AS
    SELECT span, starts_on, proposal_id, is_public, n_frames
    FROM archive_proposaltimetally
    UNION ALL
    SELECT spans.span, spans.starts_on, proposal_id, is_public, n_frames
    FROM archive_tallydelta, archive_spans_of(day) AS spans;

CREATE VIEW archive_targettally_now AS
    SELECT target_name, is_public, n_frames FROM archive_targettally
    UNION ALL
    SELECT target_name, is_public, n_frames FROM archive_tallydelta;

-- Listed frames as the delta counts them: what a recount starts from.
CREATE VIEW archive_tallied AS
    SELECT (observation_date AT TIME ZONE 'UTC')::date AS day, site_id, telescope_id, instrument_id,
           configuration_type, reduction_level, primary_optical_element, proposal_id, target_name, is_public
    FROM archive_frame
    WHERE is_listed;

-- Add one to the delta for each new state of a frame and take one off for each old one. A change that leaves all of
-- these columns as they were adds nothing.
CREATE FUNCTION archive_tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO archive_tallydelta (
        day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
        proposal_id, target_name, is_public, n_frames
    )
    SELECT (observation_date AT TIME ZONE 'UTC')::date, site_id, telescope_id, instrument_id, configuration_type,
           reduction_level, primary_optical_element, proposal_id, target_name, is_public, count(*)
    FROM new_rows
    WHERE is_listed
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    RETURN NULL;
END $$;

CREATE FUNCTION archive_tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO archive_tallydelta (
        day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
        proposal_id, target_name, is_public, n_frames
    )
    SELECT (observation_date AT TIME ZONE 'UTC')::date, site_id, telescope_id, instrument_id, configuration_type,
           reduction_level, primary_optical_element, proposal_id, target_name, is_public, -count(*)
    FROM old_rows
    WHERE is_listed
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    RETURN NULL;
END $$;

CREATE FUNCTION archive_tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO archive_tallydelta (
        day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
        proposal_id, target_name, is_public, n_frames
    )
    SELECT day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
           proposal_id, target_name, is_public, sum(n)
    FROM (
        SELECT (observation_date AT TIME ZONE 'UTC')::date AS day, site_id, telescope_id, instrument_id,
               configuration_type, reduction_level, primary_optical_element, proposal_id, target_name, is_public, 1 AS n
        FROM new_rows
        WHERE is_listed
        UNION ALL
        SELECT (observation_date AT TIME ZONE 'UTC')::date, site_id, telescope_id, instrument_id,
               configuration_type, reduction_level, primary_optical_element, proposal_id, target_name, is_public, -1
        FROM old_rows
        WHERE is_listed
    ) AS changes
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION archive_tally_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE archive_tallydelta, archive_setuptally, archive_proposaltally, archive_proposaltimetally,
        archive_targettally;
    RETURN NULL;
END $$;

CREATE TRIGGER frame_tally_inserted AFTER INSERT ON archive_frame
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION archive_tally_inserted();
CREATE TRIGGER frame_tally_updated AFTER UPDATE ON archive_frame
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION archive_tally_updated();
CREATE TRIGGER frame_tally_deleted AFTER DELETE ON archive_frame
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION archive_tally_deleted();
CREATE TRIGGER frame_tally_truncated AFTER TRUNCATE ON archive_frame
    FOR EACH STATEMENT EXECUTE FUNCTION archive_tally_truncated();

-- Fold up to `most` rows of the delta into the tables; answers how many. One folds at a time, the others find nothing
-- to do. A tally that came down to nothing stays as a row of 0 until the next recount: readers sum, and take no notice.
CREATE FUNCTION archive_fold_tallies(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n_folded bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7365203) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM archive_tallydelta
        WHERE id IN (SELECT id FROM archive_tallydelta ORDER BY id LIMIT most)
        RETURNING *
    ), by_setup AS (
        INSERT INTO archive_setuptally (
            span, starts_on, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
            primary_optical_element, is_public, n_frames
        )
        SELECT spans.span, spans.starts_on, site_id, telescope_id, instrument_id, configuration_type,
               reduction_level, primary_optical_element, is_public, sum(n_frames)
        FROM taken, archive_spans_of(day) AS spans
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        HAVING sum(n_frames) <> 0
        ON CONFLICT (
            span, starts_on, instrument_id, primary_optical_element, configuration_type, reduction_level, is_public,
            site_id, telescope_id
        ) DO UPDATE SET n_frames = archive_setuptally.n_frames + excluded.n_frames
    ), by_proposal AS (
        INSERT INTO archive_proposaltally (
            proposal_id, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
            primary_optical_element, is_public, n_frames
        )
        SELECT proposal_id, site_id, telescope_id, instrument_id, configuration_type, reduction_level,
               primary_optical_element, is_public, sum(n_frames)
        FROM taken
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        HAVING sum(n_frames) <> 0
        ON CONFLICT (
            proposal_id, is_public, instrument_id, primary_optical_element, configuration_type, reduction_level,
            site_id, telescope_id
        ) DO UPDATE SET n_frames = archive_proposaltally.n_frames + excluded.n_frames
    ), by_proposal_and_time AS (
        INSERT INTO archive_proposaltimetally (span, starts_on, proposal_id, is_public, n_frames)
        SELECT spans.span, spans.starts_on, proposal_id, is_public, sum(n_frames)
        FROM taken, archive_spans_of(day) AS spans
        GROUP BY 1, 2, 3, 4
        HAVING sum(n_frames) <> 0
        ON CONFLICT (span, starts_on, proposal_id, is_public)
        DO UPDATE SET n_frames = archive_proposaltimetally.n_frames + excluded.n_frames
    ), by_target AS (
        INSERT INTO archive_targettally (target_name, is_public, n_frames)
        SELECT target_name, is_public, sum(n_frames)
        FROM taken
        GROUP BY 1, 2
        HAVING sum(n_frames) <> 0
        ON CONFLICT (target_name, is_public)
        DO UPDATE SET n_frames = archive_targettally.n_frames + excluded.n_frames
    )
    SELECT count(*) INTO n_folded FROM taken;
    RETURN n_folded;
END $$;

-- Forget all tallies and count the frames themselves. Writers of frames wait until it is done.
CREATE FUNCTION archive_recount_tallies() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE archive_frame IN SHARE ROW EXCLUSIVE MODE;
    PERFORM pg_advisory_xact_lock(7365203);
    DELETE FROM archive_tallydelta;
    DELETE FROM archive_setuptally;
    DELETE FROM archive_proposaltally;
    DELETE FROM archive_proposaltimetally;
    DELETE FROM archive_targettally;
    INSERT INTO archive_tallydelta (
        day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
        proposal_id, target_name, is_public, n_frames
    )
    SELECT day, site_id, telescope_id, instrument_id, configuration_type, reduction_level, primary_optical_element,
           proposal_id, target_name, is_public, count(*)
    FROM archive_tallied
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    RETURN archive_fold_tallies(2147483647);
END $$;

-- Whether the public date has come, by the database's clock: whoever writes the date can not set it otherwise.
CREATE FUNCTION archive_set_is_public() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_public := coalesce(NEW.public_date <= now(), false);
    RETURN NEW;
END $$;

CREATE TRIGGER frame_is_public BEFORE INSERT OR UPDATE OF public_date, is_public ON archive_frame
    FOR EACH ROW EXECUTE FUNCTION archive_set_is_public();
