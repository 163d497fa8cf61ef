-- Which actions were there in the period, in numbers? Texts would make their order ten times dearer.
-- grain: one row per action
-- params: From, To, the period's bounds; InOrder, whether the rows are put in their order
with period_actions as (
    select *
    from {{table "stored_actions"}}
    where "day" >= cast({{timestamp .From}} as date)
        and "day" < cast({{timestamp .To}} as date)
),

raw_targets as (
    {{file "shared/raw_targets.sql" .}}
),

raw_clients as (
    {{file "shared/raw_clients.sql" .}}
)

select
    raw_targets.publisher_no,
    date_trunc('second', period_actions.requested_at) as requested_at_second,
    raw_targets.target_no,
    raw_clients.client_no
from period_actions
inner join raw_targets
    on period_actions.namespace = raw_targets.namespace
    and period_actions.repository = raw_targets.repository
    and period_actions.reference = raw_targets.reference
    and period_actions.digest is not distinct from raw_targets.digest
    and period_actions.tag is not distinct from raw_targets.tag
    and period_actions.method = raw_targets.method
    and period_actions.action = raw_targets.action
inner join raw_clients
    on period_actions.ip_type is not distinct from raw_clients.ip_type
    and period_actions.cloud is not distinct from raw_clients.cloud
    and period_actions.country is not distinct from raw_clients.country
    and period_actions.tool is not distinct from raw_clients.tool
    and period_actions.tool_version is not distinct from raw_clients.tool_version
    and period_actions.ip_domain is not distinct from raw_clients.ip_domain
{{- if .InOrder}}
order by
    raw_targets.publisher_no,
    requested_at_second,
    raw_targets.target_no,
    raw_clients.client_no
{{- end}}
