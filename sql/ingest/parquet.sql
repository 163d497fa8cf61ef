-- How does a row of a Parquet file with the canonical columns become a request?
-- grain: one row per row of the file; line is its number from 1
select
    source,
    line
    {{- range .Fields}},
    {{.Column}} as "{{.Name}}"
    {{- end}}
from {{.Source}}
