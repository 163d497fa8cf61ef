-- Which namespaces do published reports tell of?
-- grain: one row per file and namespace
-- params: Files, Parquet files of one report; Namespace, the expression of its rows' namespaces
select distinct
    filename,
    {{.Namespace}} as namespace
from read_parquet({{texts .Files}}, filename = true)
order by all
