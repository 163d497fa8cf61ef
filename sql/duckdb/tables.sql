-- Which tables does a run keep while it works?
-- Text lives once in the tables of distinct values; everything else is numbers.
create macro seconds_to_us(text_value) as
    cast(split_part(text_value, '.', 1) as bigint) * 1000000
    + cast(rpad(left(split_part(text_value, '.', 2), 6), 6, '0') as bigint);

-- ISO 8601, or seconds since 1970 with a fraction; null when it is neither. Without
-- an offset the stamp is UTC. Digits beyond microseconds are cut off. Only a
-- numeric offset reaches the cast with time zones: a zone's name there would change
-- how the stamps after it are read.
create macro text_to_us(text_value) as
    case
        -- Nearly all stamps have this shape, which is cheap to see.
        when right(text_value, 1) = 'Z'
            and length(text_value) between 20 and 27
            and substr(text_value, 11, 1) = 'T'
            and substr(text_value, 14, 1) = ':'
            and substr(text_value, 17, 1) = ':'
            and (length(text_value) = 20 or substr(text_value, 20, 1) = '.')
            and substr(text_value, length(text_value) - 1, 1) between '0' and '9'
            then epoch_us(try_cast(text_value as timestamp))
        when regexp_full_match(text_value, '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?[Zz]?')
            then epoch_us(try_cast(replace(rtrim(upper(text_value), 'Z'), ',', '.') as timestamp))
        when regexp_full_match(text_value, '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?')
            then epoch_us(try_cast(replace(upper(text_value), ',', '.') as timestamptz))
        when regexp_full_match(text_value, '[0-9]{1,12}(\.[0-9]*)?') then seconds_to_us(text_value)
        -- Milliseconds and finer units are out of any range.
        when regexp_full_match(text_value, '[0-9]{13,19}(\.[0-9]*)?') then 9223372036854775807
    end;

-- Request ids only need to be told apart within a day: 63 bits of their MD5.
create macro id_to_key(text_value) as cast(md5_number_lower(text_value) >> 1 as bigint);

-- One row per address as logged (with what a proxy forwarded), or per client of a stored request.
create table clients (
    client_id integer,
    client varchar,
    rejected varchar,
    ip_key bigint,
    client_key bigint,
    country varchar,
    ip_type varchar,
    ip_domain varchar,
    cloud varchar,
    asn bigint,
    company varchar,
    company_wins boolean
);

-- One row per path, or image and reference, as logged.
create table targets (
    target_id integer,
    target varchar,
    ignored varchar,
    rejected varchar,
    image_id integer,
    tag varchar,
    reference_digest_id integer
);

create table images (
    image_id integer,
    namespace varchar,
    repository varchar
);

-- One row per digest text as logged; digest_id is null for what is no digest.
create table digest_texts (
    text_id integer,
    digest_text varchar,
    digest_id integer
);

create table digests (
    digest_id integer,
    digest varchar
);

create table agents (
    agent_id integer,
    agent varchar,
    tool varchar,
    tool_version varchar,
    os varchar,
    arch varchar,
    role varchar,
    use_case varchar,
    use_case_on_cloud varchar
);

create table users (
    user_id integer,
    user_text varchar,
    user_key bigint,
    company varchar
);

-- What was derived from several of the above, as a stored request keeps it; a new
-- request has context 0 until it is stored.
create table contexts (
    context_id integer,
    context varchar,
    company varchar,
    use_case varchar
);

-- The inputs of this run and the stored ones that it meets, in the order of SEMANTICS §1.
create table sources (
    source integer,
    source_id varchar,
    source_rank integer
);

-- One row per accepted request: new ones, stored ones of the days that are rebuilt,
-- and, as context, stored ones of neighbouring days that they may continue.
create table requests (
    is_new boolean,
    is_context boolean,
    source integer,
    line bigint,
    item integer,
    requested_us bigint,
    is_head boolean,
    by_tag boolean,
    ip_key bigint,
    image_id integer,
    digest_id integer,
    target_id integer,
    client_id integer,
    agent_id integer,
    user_id integer,
    context_id integer,
    request_key bigint,
    stored_action varchar,
    stored_action_requests integer,
    stored_action_digest varchar
);

-- The same in the shape that the classification models read; request_no is the row's identity.
create view requests_ranked as
select
    requests.rowid as request_no,
    requests.ip_key,
    requests.image_id,
    requests.requested_us,
    sources.source_rank,
    requests.line,
    requests.item,
    requests.is_head,
    requests.by_tag,
    requests.digest_id
from requests
inner join sources on requests.source = sources.source;

-- What the numbers of actions and methods mean; 0 is no action.
create table actions as
select
    cast(action_no as integer) as action_no,
    cast(action as enum('pull_by_digest', 'pull_by_tag', 'version_check')) as action
from (values (0, null), (1, 'version_check'), (2, 'pull_by_tag'), (3, 'pull_by_digest')) as names (action_no, action);

create table methods as
select
    cast(method_no as integer) as method_no,
    cast(method as enum('GET', 'HEAD')) as method
from (values (0, 'GET'), (1, 'HEAD')) as names (method_no, method);

create table rejects (
    source integer,
    line bigint,
    reason varchar,
    raw varchar
);

create table tallies (
    source integer,
    verdict varchar,
    reason varchar,
    records bigint,
    earliest_us bigint,
    latest_us bigint,
    first_line bigint
);
