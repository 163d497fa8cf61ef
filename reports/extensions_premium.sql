-- How many users installed, removed and used each extension?
-- grain: one row per publisher and extension with an event in the period
-- params: From, To, the period's bounds
with extension_events as (
    select
        publisher_id,
        extension,
        event,
        user_key
    from {{table "extension_events"}}
    where occurred_at >= {{timestamp .From}}
        and occurred_at < {{timestamp .To}}
),

final as (
    select
        publisher_id,
        extension,
        cast(count_if(event = 'install') as bigint) as installs,
        count(distinct case when event = 'install' then user_key end) as unique_installs,
        cast(count_if(event = 'uninstall') as bigint) as uninstalls,
        count(distinct case when event = 'uninstall' then user_key end) as unique_uninstalls,
        cast(count_if(event = 'open') as bigint) as usage,
        count(distinct case when event = 'open' then user_key end) as unique_users
    from extension_events
    group by publisher_id, extension
)

select
    publisher_id,
    extension,
    installs,
    unique_installs,
    uninstalls,
    unique_uninstalls,
    usage,
    unique_users
from final
order by
    publisher_id,
    extension
