-- Which actions has a namespace?
-- grain: one row per action; only the columns that are counted by
-- params: Table, the name of the table; Namespace
create table {{.Table}} as
select
    "day",
    requested_at,
    namespace,
    repository,
    tag,
    action,
    ip_key,
    client_key,
    user_key,
    country,
    cloud,
    company,
    tool,
    tool_version,
    os,
    arch,
    use_case
from actions
where namespace = {{text .Namespace}}
