-- Who used what in the period, with which kind of client, and how often?
-- grain: one row per target, kind of client, and user or else client
-- params: From, To, the period's bounds
with period_actions as (
    select
        namespace,
        repository,
        tag,
        country,
        cloud,
        tool,
        action,
        coalesce(user_key, client_key) as puller_key,
        user_key is not null as is_authenticated
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
    period_actions.puller_key,
    period_actions.is_authenticated,
    count(*) as pulls,
    count(case when period_actions.action = 'version_check' then 1 end) as version_checks
from period_actions
inner join targets
    on period_actions.namespace = targets.namespace
    and period_actions.repository = targets.repository
    and period_actions.tag is not distinct from targets.tag
inner join client_kinds
    on period_actions.country is not distinct from client_kinds.country
    and period_actions.cloud is not distinct from client_kinds.cloud
    and period_actions.tool is not distinct from client_kinds.tool
group by
    targets.target_no,
    client_kinds.kind_no,
    period_actions.puller_key,
    period_actions.is_authenticated
