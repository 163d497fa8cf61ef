-- Which extension events has one day of the lake?
-- grain: one row per event, in the order in which they lie in the lake
-- params: DayNo, days since 1970-01-01; Stored, the day's file, if there is one;
--     Superseded, inputs whose events are not taken over
create or replace temp table extension_day as
with new_events as (
    select
        make_timestamp(extension_events.occurred_us) as occurred_at,
        extension_events.namespace,
        extension_events.extension,
        extension_events.event,
        extension_events.user_key,
        input_files.source_id as source,
        extension_events.line
    from extension_events
    inner join input_files on extension_events.source = input_files.source
    where extension_events.occurred_us // 86400000000 = {{.DayNo}}
),

final as (
    select * from new_events
    {{- if .Stored}}
    union all
    select
        occurred_at,
        namespace,
        extension,
        event,
        user_key,
        source,
        line
    from read_parquet({{text .Stored}}, hive_partitioning = false)
    where not list_contains({{texts .Superseded}}, source)
    {{- end}}
)

select * from final
order by
    namespace,
    extension,
    occurred_at,
    source,
    line
