-- Which tables does a run that reads extension events keep while it works?

-- One row per extension as logged; namespace is null for what is no name of one.
create table extension_names (
    extension_id integer,
    extension varchar,
    namespace varchar
);

-- One row per accepted event of this run, in the words of the lake.
create table extension_events (
    source integer,
    line bigint,
    occurred_us bigint,
    namespace varchar,
    extension varchar,
    event varchar,
    user_key bigint
);
