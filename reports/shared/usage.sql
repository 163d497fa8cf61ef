-- Who used what in the period, with which kind of client, and how often?
-- grain: one row per target, kind of client, and user or else client
-- params: From, To, the period's bounds
with actions as (
    select
        namespace,
        repository,
        tag,
        country,
        cloud,
        tool,
        action,
        user_key,
        case when user_key is null then client_key end as client_key
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
    and "day" < cast({{timestamp .To}} as date)
),

targets as (
    {{file "shared/targets.sql" .}}
),

client_kinds as (
    {{file "shared/client_kinds.sql" .}}
)

select
    targets.target_no,
    client_kinds.kind_no,
    actions.user_key,
    actions.client_key,
    count(*) as pulls,
    cast(count_if(actions.action = 'version_check') as bigint) as version_checks
from actions
inner join targets
    on actions.namespace = targets.namespace
    and actions.repository = targets.repository
    and actions.tag is not distinct from targets.tag
inner join client_kinds
    on actions.country is not distinct from client_kinds.country
    and actions.cloud is not distinct from client_kinds.cloud
    and actions.tool is not distinct from client_kinds.tool
group by
    targets.target_no,
    client_kinds.kind_no,
    actions.user_key,
    actions.client_key
