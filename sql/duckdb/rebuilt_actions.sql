-- How many actions of each kind do the rebuilt days hold, as stored and as classified now?
-- grain: one row per kind of action
with labels as (
    select
        requests.stored_action,
        classified.action
    from requests
    inner join classified on requests.rowid = classified.request_no
    where not requests.is_context
),

kinds as (
    select stored_action as kind from labels
    union
    select action as kind from labels
)

select
    kind,
    (select count(*) from labels where labels.stored_action = kinds.kind) as actions_before,
    (select count(*) from labels where labels.action = kinds.kind) as actions_after
from kinds
where kind is not null
order by kind
