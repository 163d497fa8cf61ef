-- How often was each extension installed, removed and updated?
-- grain: one row per publisher and extension with an event up to the period's end
-- params: From, To, the period's bounds
with extension_events as (
    select
        publisher_id,
        extension,
        event,
        occurred_at >= {{timestamp .From}} as in_period
    from {{table "extension_events"}}
    where occurred_at < {{timestamp .To}}
),

final as (
    select
        publisher_id,
        extension,
        cast(count_if(event = 'install' and in_period) as bigint) as installs,
        cast(count_if(event = 'install') as bigint) as total_installs,
        cast(count_if(event = 'uninstall' and in_period) as bigint) as uninstalls,
        cast(count_if(event = 'uninstall') as bigint) as total_uninstalls,
        cast(count_if(event = 'update' and in_period) as bigint) as updates
    from extension_events
    group by publisher_id, extension
)

select
    publisher_id,
    extension,
    installs,
    total_installs,
    uninstalls,
    total_uninstalls,
    updates
from final
order by
    publisher_id,
    extension
