-- How does a record of the canonical CSV become a request?
-- grain: one row per record
-- source: (source, line, raw); raw holds the values of the record, joined by chr(31)
with records as (
    select
        source,
        line,
        string_split(raw, chr(31)) as fields
    from {{.Source}}
)

select
    source,
    line
    {{- range .Fields}},
    fields[{{.Index}}] as "{{.Name}}"
    {{- end}}
from records
