-- Each observation has the Strehl ratios that stand of it in columns of its own, so that searches and orders by them
-- look at one table. The database keeps them, whoever writes: nothing else may set them.

-- What stands of one kind. Of each kind at most one product is current; the columns of other kinds are left alone, as
-- their writers may be at work at the same time.
CREATE FUNCTION archive_keep_strehl(of_observation bigint, of_kind text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ratio double precision;
    said varchar(8);
BEGIN
    SELECT s.strehl_ratio, s.flag INTO ratio, said
        FROM archive_strehlmeasurement AS s JOIN archive_product AS p ON p.id = s.product_id
        WHERE s.observation_id = of_observation AND p.kind = of_kind AND p.is_current;
    IF of_kind = 'bright-strehl' THEN
        UPDATE archive_observation SET bright_strehl_ratio = ratio, bright_strehl_flag = coalesce(said, '')
            WHERE id = of_observation
              AND (bright_strehl_ratio, bright_strehl_flag) IS DISTINCT FROM (ratio, coalesce(said, ''));
    ELSIF of_kind = 'faint-strehl' THEN
        UPDATE archive_observation SET faint_strehl_ratio = ratio, faint_strehl_flag = coalesce(said, '')
            WHERE id = of_observation
              AND (faint_strehl_ratio, faint_strehl_flag) IS DISTINCT FROM (ratio, coalesce(said, ''));
    END IF;
END $$;

CREATE FUNCTION archive_strehl_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM archive_keep_strehl(OLD.observation_id, (SELECT kind FROM archive_product WHERE id = OLD.product_id));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM archive_keep_strehl(NEW.observation_id, (SELECT kind FROM archive_product WHERE id = NEW.product_id));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION archive_strehl_replaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM archive_keep_strehl(NEW.observation_id, NEW.kind);
    RETURN NULL;
END $$;

CREATE TRIGGER strehl_written AFTER INSERT OR UPDATE OR DELETE ON archive_strehlmeasurement
    FOR EACH ROW EXECUTE FUNCTION archive_strehl_written();
CREATE TRIGGER strehl_replaced AFTER UPDATE OF is_current ON archive_product FOR EACH ROW
    WHEN (NEW.kind IN ('bright-strehl', 'faint-strehl') AND OLD.is_current IS DISTINCT FROM NEW.is_current)
    EXECUTE FUNCTION archive_strehl_replaced();

-- What was measured before.
UPDATE archive_observation AS o SET
    bright_strehl_ratio = found.bright, bright_strehl_flag = coalesce(found.bright_flag, ''),
    faint_strehl_ratio = found.faint, faint_strehl_flag = coalesce(found.faint_flag, '')
FROM (
    SELECT s.observation_id,
        max(s.strehl_ratio) FILTER (WHERE p.kind = 'bright-strehl') AS bright,
        max(s.flag) FILTER (WHERE p.kind = 'bright-strehl') AS bright_flag,
        max(s.strehl_ratio) FILTER (WHERE p.kind = 'faint-strehl') AS faint,
        max(s.flag) FILTER (WHERE p.kind = 'faint-strehl') AS faint_flag
    FROM archive_strehlmeasurement AS s JOIN archive_product AS p ON p.id = s.product_id
    WHERE p.is_current GROUP BY s.observation_id
) AS found
WHERE o.id = found.observation_id;
