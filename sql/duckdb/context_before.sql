-- Which stored requests before a midnight may the requests right after it continue?
-- grain: one row per stored request of the day before
-- params: File, that day's file; MidnightUs; WindowMicroseconds; Frozen, whether days before it were pruned
-- Only the last unbroken stretch before midnight matters: nothing is continued over
-- a gap, and a HEAD always starts an action.
with edges as (
    select distinct
        requests.ip_key,
        images.namespace,
        images.repository
    from requests
    inner join images on requests.image_id = images.image_id
    where requests.requested_us between {{.MidnightUs}} and {{.MidnightUs}} + {{.WindowMicroseconds}}
        and not requests.is_head
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

{{- if .Frozen}}

-- The first requests of the day may continue pruned ones. The first action that
-- begins on it is the first that is whole.
begun as (
    select
        *,
        count(action) over (
            partition by ip_key, namespace, repository
            order by requested_us, source, line, item
            rows between unbounded preceding and current row
        ) as actions_begun
    from stored
),

whole as (
    select * exclude (actions_begun)
    from begun
    where actions_begun > 0
),
{{- end}}

spaced as (
    select
        *,
        requested_us - lag(requested_us) over (
            partition by ip_key, namespace, repository
            order by requested_us
        ) as us_since_previous
    from {{if .Frozen}}whole{{else}}stored{{end}}
),

stretches as (
    select
        ip_key,
        namespace,
        repository,
        coalesce(max(case when us_since_previous > {{.WindowMicroseconds}} or method = 'HEAD' then requested_us end), 0) as first_us
    from spaced
    group by ip_key, namespace, repository
    having max(requested_us) >= {{.MidnightUs}} - {{.WindowMicroseconds}}
)

select spaced.* exclude (requested_us, us_since_previous)
from spaced
inner join stretches
    on spaced.ip_key = stretches.ip_key
    and spaced.namespace = stretches.namespace
    and spaced.repository = stretches.repository
where spaced.requested_us >= stretches.first_us
