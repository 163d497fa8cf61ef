-- How fast do users take up a new tag: which share of an image's downloads by tag does it have, day by day?
-- grain: one row per image, new tag and day on which the image was downloaded, from the tag's first download on
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param days = 30: how many days each curve has at most
-- param min_downloads = 5: tags with fewer downloads in these days are left out
with downloads as (
    select
        image_repository,
        tag,
        "day"
    from published_actions
    where action = 'pull_by_tag'
        and image_repository glob $image
),

image_days as (
    select
        image_repository,
        "day",
        count(*) as image_downloads
    from downloads
    group by image_repository, "day"
),

tag_days as (
    select
        image_repository,
        tag,
        "day",
        count(*) as downloads
    from downloads
    group by image_repository, tag, "day"
),

images_seen as (
    select
        image_repository,
        min("day") as first_day
    from image_days
    group by image_repository
),

-- A tag of the image's first day may be older than the logs.
new_tags as (
    select
        tag_days.image_repository,
        tag_days.tag,
        min(tag_days."day") as first_day
    from tag_days
    inner join images_seen on tag_days.image_repository = images_seen.image_repository
    group by tag_days.image_repository, tag_days.tag, images_seen.first_day
    having min(tag_days."day") > images_seen.first_day
),

curves as (
    select
        new_tags.image_repository,
        new_tags.tag,
        new_tags.first_day,
        image_days."day",
        cast(image_days."day" - new_tags.first_day as integer) as days_after,
        coalesce(tag_days.downloads, 0) as downloads,
        image_days.image_downloads
    from new_tags
    inner join image_days
        on new_tags.image_repository = image_days.image_repository
        and image_days."day" >= new_tags.first_day
        and image_days."day" < new_tags.first_day + cast($days as integer)
    left join tag_days
        on new_tags.image_repository = tag_days.image_repository
        and new_tags.tag = tag_days.tag
        and image_days."day" = tag_days."day"
),

totals as (
    select
        *,
        sum(downloads) over (partition by image_repository, tag) as curve_downloads
    from curves
),

final as (
    select
        image_repository,
        tag,
        first_day,
        "day",
        days_after,
        downloads,
        image_downloads,
        round(downloads / image_downloads, 4) as share
    from totals
    where curve_downloads >= $min_downloads
)

select
    image_repository,
    tag,
    first_day,
    "day",
    days_after,
    downloads,
    image_downloads,
    share
from final
order by
    image_repository,
    first_day,
    tag,
    "day"
