-- Which rejected lines show best what is wrong?
-- grain: one row per line, of each reason in turn, the newest run first
-- params: Wanted, what to choose from, as run/file/reason; Unrecorded, the reason that stands for any; Limit
with rejects as (
    select
        run,
        file,
        coalesce(line, 0) as line,
        reason,
        coalesce(raw, '') as raw
    from rejects
    where run || '/' || file || '/' || reason in (select unnest({{texts .Wanted}}))
        or run || '/' || file || '/' || {{text .Unrecorded}} in (select unnest({{texts .Wanted}}))
),

rejects_ranked as (
    select
        run,
        file,
        line,
        reason,
        raw,
        row_number() over newest_of_reason as reason_rank
    from rejects
    window newest_of_reason as (partition by reason order by run desc, file, line, raw)
),

final as (
    select
        run,
        file,
        line,
        reason,
        raw
    from rejects_ranked
    order by reason_rank, reason
    limit {{.Limit}}
)

select * from final
order by reason, run desc, file, line, raw
