-- Each observation has the Strehl ratios that stand of it in columns of its own, so that searches and orders by them
-- look at one table. The database keeps them, whoever writes: nothing else may set them.

-- What stands of some observations. Of each kind at most one product is current. Their rows are locked first: who wrote
-- another measurement of one of them has then committed it, and the next statement sees it.
CREATE FUNCTION archive_keep_strehl(observations bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM archive_observation WHERE id = ANY(observations) ORDER BY id FOR NO KEY UPDATE;
    UPDATE archive_observation AS o SET
        bright_strehl_ratio = found.bright, bright_strehl_flag = found.bright_flag,
        faint_strehl_ratio = found.faint, faint_strehl_flag = found.faint_flag
    FROM (
        SELECT wanted.id,
            max(s.strehl_ratio) FILTER (WHERE p.kind = 'bright-strehl') AS bright,
            coalesce(max(s.flag) FILTER (WHERE p.kind = 'bright-strehl'), '') AS bright_flag,
            max(s.strehl_ratio) FILTER (WHERE p.kind = 'faint-strehl') AS faint,
            coalesce(max(s.flag) FILTER (WHERE p.kind = 'faint-strehl'), '') AS faint_flag
        FROM unnest(observations) AS wanted (id)
            LEFT JOIN archive_strehlmeasurement AS s ON s.observation_id = wanted.id
            LEFT JOIN archive_product AS p ON p.id = s.product_id AND p.is_current
        GROUP BY wanted.id
    ) AS found
    WHERE o.id = found.id AND (
        o.bright_strehl_ratio, o.bright_strehl_flag, o.faint_strehl_ratio, o.faint_strehl_flag
    ) IS DISTINCT FROM (found.bright, found.bright_flag, found.faint, found.faint_flag);
END $$;

CREATE FUNCTION archive_strehl_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_keep_strehl(ARRAY(SELECT DISTINCT observation_id FROM new_rows));
    RETURN NULL;
END $$;

CREATE FUNCTION archive_strehl_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_keep_strehl(
        ARRAY(SELECT observation_id FROM new_rows UNION SELECT observation_id FROM old_rows)
    );
    RETURN NULL;
END $$;

CREATE FUNCTION archive_strehl_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_keep_strehl(ARRAY(SELECT DISTINCT observation_id FROM old_rows));
    RETURN NULL;
END $$;

CREATE FUNCTION archive_strehl_replaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_keep_strehl(ARRAY[NEW.observation_id]);
    RETURN NULL;
END $$;

CREATE TRIGGER strehl_inserted AFTER INSERT ON archive_strehlmeasurement
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION archive_strehl_inserted();
CREATE TRIGGER strehl_updated AFTER UPDATE ON archive_strehlmeasurement
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION archive_strehl_updated();
CREATE TRIGGER strehl_deleted AFTER DELETE ON archive_strehlmeasurement
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION archive_strehl_deleted();
CREATE TRIGGER strehl_replaced AFTER UPDATE OF is_current ON archive_product FOR EACH ROW
    WHEN (NEW.kind IN ('bright-strehl', 'faint-strehl') AND OLD.is_current IS DISTINCT FROM NEW.is_current)
    EXECUTE FUNCTION archive_strehl_replaced();

-- What was measured before.
SELECT archive_keep_strehl(ARRAY(SELECT DISTINCT observation_id FROM archive_strehlmeasurement));
