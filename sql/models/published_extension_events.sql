-- Whose are the extension events? Each with the publisher of its namespace.
-- grain: one row per event; a namespace that nobody owns is its own publisher
with extension_events as (
    select * from {{table "extension_events"}}
),

publishers as (
    select
        namespace,
        publisher_id,
        publisher_name
    from {{table "publishers"}}
),

final as (
    select
        coalesce(publishers.publisher_id, extension_events.namespace) as publisher_id,
        coalesce(publishers.publisher_name, extension_events.namespace) as publisher_name,
        extension_events.occurred_at,
        extension_events.extension,
        extension_events.event,
        extension_events.user_key,
        extension_events.source
    from extension_events
    left join publishers on extension_events.namespace = publishers.namespace
)

select * from final
