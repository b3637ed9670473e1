-- Tables of telemetry, in a schema of their own, with no key to any table outside it.
-- Plain PostgreSQL >= 14: no extension is asked for. Unix times in nanoseconds are bigints (good to 2262).
CREATE SCHEMA telemetry;

-- Code table and .fbs texts that decode binary records, as an observatory gave them.
CREATE TABLE telemetry.bundle (
    digest text PRIMARY KEY,                -- SHA-256, hexadecimal, of what the bundle says
    content bytea NOT NULL,                 -- a zip
    source text NOT NULL,                   -- where it was read from
    added_at timestamptz NOT NULL DEFAULT now()
);

-- One sequence of records of one device: the uncompressed bytes of one file, whichever copies hold them.
CREATE TABLE telemetry.recording (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL CHECK (host <> ''),
    path text NOT NULL CHECK (path <> ''),  -- without .gz or .zst: a compressed file goes on with the same recording
    device text NOT NULL CHECK (device <> ''),
    kind text NOT NULL CHECK (kind IN ('bintel', 'binlog', 'ndjson')),
    started_ns bigint,                      -- by the file's name
    generation integer NOT NULL DEFAULT 1,  -- grows each time that the file was written anew
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'ok', 'incomplete', 'partial', 'bad')),
    reason text NOT NULL DEFAULT '',        -- of a state other than ok, in plain words
    first_ns bigint,                        -- least and greatest time of its records
    last_ns bigint,
    n_records bigint NOT NULL DEFAULT 0,
    n_bad bigint NOT NULL DEFAULT 0,        -- damages: places whose bytes gave no record
    n_undecoded bigint NOT NULL DEFAULT 0,  -- records whose message waits for a bundle that knows it
    n_unknown_fields bigint NOT NULL DEFAULT 0,  -- fields newer than the bundle's schema
    bytes_consumed bigint NOT NULL DEFAULT 0,    -- of the uncompressed bytes: where reading goes on
    head_length integer NOT NULL DEFAULT 0, -- of the first bytes, whose SHA-256 tells a file that grew from one written anew
    head_sha256 bytea NOT NULL DEFAULT '',
    tail_length integer NOT NULL DEFAULT 0, -- of the last bytes before bytes_consumed
    tail_sha256 bytea NOT NULL DEFAULT '',
    bundle_digest text NOT NULL DEFAULT '', -- the bundle that decoded it last
    ingested_at timestamptz
);
CREATE UNIQUE INDEX recording_place ON telemetry.recording (host, md5(path));
CREATE INDEX recording_device ON telemetry.recording (device, first_ns);

-- The inventory: each file that is or was on an instrument computer.
CREATE TABLE telemetry.file (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL CHECK (host <> ''),
    path text NOT NULL CHECK (path <> ''),  -- absolute; bytes that are no UTF-8 as \xNN
    raw_path bytea,                         -- the path's bytes where `path` does not say them exactly
    device text NOT NULL DEFAULT '',        -- by the name, '' where the name has none
    kind text NOT NULL,                     -- bintel, binlog, ndjson, log, xrif or other
    created_ns bigint NOT NULL,             -- by the name, else the time of its inode's change
    modified_ns bigint NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    recording_id bigint REFERENCES telemetry.recording ON DELETE SET NULL,
    ingested_size_bytes bigint,             -- size and time of the file as it was when it was last read to its end
    ingested_modified_ns bigint,
    sha256 bytea,                           -- of the whole file, when it had these:
    sha256_size_bytes bigint,
    sha256_modified_ns bigint,
    listed_at timestamptz NOT NULL DEFAULT now(),   -- when the inventory first had it
    changed_at timestamptz NOT NULL DEFAULT now(),  -- when the inventory last saw that it differs
    gone_at timestamptz                     -- since when it is not at its place; its rows stay
);
CREATE UNIQUE INDEX file_place ON telemetry.file (host, md5(path));
CREATE INDEX file_recording ON telemetry.file (recording_id);
CREATE INDEX file_device ON telemetry.file (device, created_ns);
CREATE INDEX file_waiting ON telemetry.file (host, id) WHERE kind IN ('bintel', 'binlog', 'ndjson')
    AND (ingested_size_bytes, ingested_modified_ns) IS DISTINCT FROM (size_bytes, modified_ns);

-- Bytes of a recording that gave no record.
CREATE TABLE telemetry.damage (
    recording_id bigint NOT NULL REFERENCES telemetry.recording ON DELETE CASCADE,
    seq bigint NOT NULL,                    -- offset in the uncompressed bytes
    length bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (recording_id, seq)
);

-- Where copies are kept: a mounted disk, another computer.
CREATE TABLE telemetry.location (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),   -- as people call it; the original's hostname of a replica
    prefix text NOT NULL CHECK (prefix <> ''),      -- folder under which <host>/<path> lies
    is_local boolean NOT NULL,                      -- this database's computer reads it as a folder
    added_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE telemetry.replica (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    location_id bigint NOT NULL REFERENCES telemetry.location ON DELETE CASCADE,
    file_id bigint NOT NULL REFERENCES telemetry.file ON DELETE CASCADE,
    path text NOT NULL,                     -- at the location
    origin_modified_ns bigint NOT NULL,     -- of the origin, when it was copied
    origin_size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,                  -- of the bytes that were copied
    state text NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'differs', 'missing')),
    copied_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    UNIQUE (location_id, file_id)
);
CREATE INDEX replica_file ON telemetry.replica (file_id);

-- A secret for each instrument computer's agent: only its SHA-256 is kept.
CREATE TABLE telemetry.agent_token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL CHECK (host <> ''),
    token_sha256 bytea NOT NULL UNIQUE,
    made_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    revoked_at timestamptz
);

-- What is recorded: one event type of one device. Records carry its short id.
CREATE TABLE telemetry.channel (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device text NOT NULL,
    event text NOT NULL,
    UNIQUE (device, event)
);
CREATE INDEX channel_event ON telemetry.channel (event);

-- Every record. (recording_id, seq) is its name; ts is part of the unique index because partitions ask for it,
-- and no seq comes twice because bytes are taken under a lock on the recording, in their order.
CREATE TABLE telemetry.record (
    ts timestamptz NOT NULL,                -- cut to the microsecond
    channel_id integer NOT NULL,
    ns smallint NOT NULL,                   -- nanoseconds beyond ts: 0 to 999
    priority smallint NOT NULL,
    recording_id bigint NOT NULL,
    seq bigint NOT NULL,                    -- offset of its first byte in the uncompressed bytes
    msg jsonb,                              -- NULL: not decoded, see raw
    nonfinite jsonb,                        -- {"key": "nan"} of values that JSON cannot say and msg has as null
    raw bytea                               -- the message's bytes where msg does not say all of them
) PARTITION BY RANGE (ts);
CREATE UNIQUE INDEX record_name ON telemetry.record (recording_id, seq, ts);
CREATE INDEX record_channel_time ON telemetry.record (channel_id, ts, ns);
CREATE INDEX record_time ON telemetry.record USING brin (ts);
CREATE TABLE telemetry.record_other PARTITION OF telemetry.record DEFAULT;  -- times that no month was made for

-- Records of a file that was written anew: kept, but out of every question's way.
CREATE TABLE telemetry.replaced_record (
    LIKE telemetry.record,
    generation integer NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX replaced_record_name ON telemetry.replaced_record (recording_id, generation, seq);
