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

-- An unowned namespace may be called like the id of somebody else.
publisher_ids as (
    select publisher_id
    from publishers
    group by publisher_id
),

final as (
    select
        case
            when publishers.publisher_id is not null then publishers.publisher_id
            when publisher_ids.publisher_id is not null then '~' || extension_events.namespace
            else extension_events.namespace
        end as publisher_id,
        coalesce(publishers.publisher_name, extension_events.namespace) as publisher_name,
        extension_events.occurred_at,
        extension_events.extension,
        extension_events.event,
        extension_events.user_key,
        extension_events.source
    from extension_events
    left join publishers on extension_events.namespace = publishers.namespace
    left join publisher_ids on extension_events.namespace = publisher_ids.publisher_id
)

select * from final
