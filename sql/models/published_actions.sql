-- Whose are the actions? Each with the publisher of its namespace.
-- grain: one row per action; a namespace that nobody owns is its own publisher
with actions as (
    select * from {{table "actions"}}
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
            when publisher_ids.publisher_id is not null then '~' || actions.namespace
            else actions.namespace
        end as publisher_id,
        coalesce(publishers.publisher_name, actions.namespace) as publisher_name,
        actions.namespace || '/' || actions.repository as image_repository,
        actions."day",
        actions.requested_at,
        actions.namespace,
        actions.repository,
        actions.reference,
        actions.tag,
        actions.digest,
        actions.method,
        actions.action,
        actions.action_requests,
        actions.ip_key,
        actions.client_key,
        actions.user_key,
        actions.country,
        actions.ip_type,
        actions.ip_domain,
        actions.cloud,
        actions.asn,
        actions.company,
        actions.tool,
        actions.tool_version,
        actions.role,
        actions.os,
        actions.arch,
        actions.use_case,
        actions.source
    from actions
    left join publishers on actions.namespace = publishers.namespace
    left join publisher_ids on actions.namespace = publisher_ids.publisher_id
)

select * from final
