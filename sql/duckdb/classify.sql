-- What is each request? The classification model over the tables of this run.
create or replace temp table classified as
{{file "models/requests_classified.sql" .}}
