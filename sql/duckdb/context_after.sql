-- Which stored requests after a midnight may continue the requests right before it?
-- grain: one row per stored request of the day after
-- params: File, that day's file; MidnightUs; WindowMicroseconds
-- Only the first unbroken stretch after midnight matters: nothing is continued over
-- a gap, and a HEAD always starts an action.
with edges as (
    select distinct
        requests.ip_key,
        images.namespace,
        images.repository
    from requests
    inner join images on requests.image_id = images.image_id
    where requests.requested_us >= {{.MidnightUs}} - {{.WindowMicroseconds}}
        and requests.requested_us < {{.MidnightUs}}
),

stored as (
    select
        day_file.*,
        epoch_us(day_file.requested_at) as requested_us
    from read_parquet({{text .File}}, hive_partitioning = false) as day_file
    inner join edges
        on day_file.ip_key = edges.ip_key
        and day_file.namespace = edges.namespace
        and day_file.repository = edges.repository
),

spaced as (
    select
        *,
        requested_us - coalesce(
            lag(requested_us) over (
                partition by ip_key, namespace, repository
                order by requested_us
            ),
            {{.MidnightUs}}
        ) as us_since_previous
    from stored
),

stretches as (
    select
        ip_key,
        namespace,
        repository,
        min(case when us_since_previous > {{.WindowMicroseconds}} then requested_us end) as gap_us,
        min(case when method = 'HEAD' then requested_us end) as head_us
    from spaced
    group by ip_key, namespace, repository
),

-- Equal stamps may be in any order: a GET with the stamp of the HEAD may come before
-- it or after it, so then all of that stamp are looked at.
tied as (
    select distinct
        spaced.ip_key,
        spaced.namespace,
        spaced.repository
    from spaced
    inner join stretches
        on spaced.ip_key = stretches.ip_key
        and spaced.namespace = stretches.namespace
        and spaced.repository = stretches.repository
    where spaced.requested_us = stretches.head_us
        and spaced.method <> 'HEAD'
)

select spaced.* exclude (requested_us, us_since_previous)
from spaced
inner join stretches
    on spaced.ip_key = stretches.ip_key
    and spaced.namespace = stretches.namespace
    and spaced.repository = stretches.repository
left join tied
    on spaced.ip_key = tied.ip_key
    and spaced.namespace = tied.namespace
    and spaced.repository = tied.repository
where (stretches.gap_us is null or spaced.requested_us < stretches.gap_us)
    and (
        stretches.head_us is null
        or spaced.requested_us < stretches.head_us
        or (spaced.requested_us = stretches.head_us and tied.ip_key is not null)
    )
