-- Which extension events are there?
-- grain: one row per event
-- params: Files, the day files; none gives the empty view
create or replace view extension_events as
{{- if .Files}}
select
    "day",
    occurred_at,
    namespace,
    extension,
    event,
    user_key,
    source,
    line
from read_parquet({{texts .Files}}, hive_partitioning = true, hive_types = {'day': date})
{{- else}}
select
    cast(null as date) as "day",
    cast(null as timestamp) as occurred_at,
    cast(null as varchar) as namespace,
    cast(null as varchar) as extension,
    cast(null as varchar) as event,
    cast(null as bigint) as user_key,
    cast(null as varchar) as source,
    cast(null as bigint) as line
where false
{{- end}}
