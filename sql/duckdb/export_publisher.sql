-- Which actions and extension events does a publisher get, and under which numbers do its users stand there?
-- params: Publisher, its id; From, To, the first and last day, or empty
create or replace temp view export_actions as
select actions.*
from actions
where namespace in (
        select namespace from published_actions
        where publisher_id = {{text .Publisher}}
    )
    {{- template "days" .}};

create or replace temp view export_extension_events as
select extension_events.*
from extension_events
where extension in (
        select extension from published_extension_events
        where publisher_id = {{text .Publisher}}
    )
    {{- template "days" .}};

-- A key says who somebody is in all exports; a number, by first appearance, only in this one.
create or replace temp table export_users as
with appearances as (
    select
        user_key,
        row(requested_at, 0, namespace, repository, source, line, item) as place
    from export_actions
    where user_key is not null
    union all
    select
        user_key,
        row(occurred_at, 1, namespace, extension, source, line, 0) as place
    from export_extension_events
    where user_key is not null
),

first_appearances as (
    select
        user_key,
        min(place) as first_place
    from appearances
    group by user_key
)

select
    user_key,
    row_number() over (order by first_place) as user_no
from first_appearances;

create or replace temp table export_clients as
with first_appearances as (
    select
        client_key,
        min(row(requested_at, namespace, repository, source, line, item)) as first_place
    from export_actions
    group by client_key
)

select
    client_key,
    row_number() over (order by first_place) as client_no
from first_appearances

{{- define "days"}}
    {{- if .From}}
    and "day" >= {{date .From}}
    {{- end}}
    {{- if .To}}
    and "day" <= {{date .To}}
    {{- end}}
{{- end}}
