-- Which images have actions in the period, and whose are they?
-- grain: one row per image
-- params: From, To, the period's bounds
with targets as (
    {{file "shared/targets.sql" .}}
),

owners as (
    {{file "shared/owners.sql" .}}
),

images as (
    select
        image_no,
        namespace,
        repository
    from targets
    group by image_no, namespace, repository
)

select
    images.image_no,
    owners.publisher_id,
    owners.publisher_name,
    images.namespace,
    images.repository,
    images.namespace || '/' || images.repository as image_repository
from images
inner join owners on images.namespace = owners.namespace
