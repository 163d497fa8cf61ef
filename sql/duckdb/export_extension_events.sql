-- Which extension events does a publisher get?
-- grain: one row per event, by time; users are numbers of this export, the same as in its actions
select
    export_extension_events.occurred_at,
    export_extension_events."day",
    export_extension_events.extension,
    export_extension_events.event,
    export_users.user_no
from export_extension_events
left join export_users on export_extension_events.user_key = export_users.user_key
order by
    export_extension_events.occurred_at,
    export_extension_events.extension,
    export_extension_events.source,
    export_extension_events.line
