-- Which likes raw holds and the lake does not, or the other way round: no rows when all is well.
--
-- grain: an event id that is in one of the tables only
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- missing_from names the table without it, likes or likes_raw. A row shows for what arrived in the
-- last minutes, as likes are compacted every five; a row that stays is a fault. Of an event id that
-- came several times, the first is the one that the lake must hold. likes_raw does not keep likes
-- for ever: what arrived before the oldest it still has is looked for in one direction only.
--
-- Likes that were backfilled never were in likes_raw, and are left out.
--
-- A like may say it happened up to ten minutes after it arrived, and may arrive any time later, so
-- the partitions of likes_raw from eight days before first_day on hold every like of the days asked
-- for, and the first copy of an event id that was sent again within a week.
WITH oldest AS (
  SELECT min(received_at) AS raw_since
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -8, :first_day), '%Y-%m-%d')
),
sides AS (
  SELECT
    event_id, movie_id, action, user_id, liked_at, received_at, source, 'likes_raw' AS side
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -8, :first_day), '%Y-%m-%d')
  UNION ALL
  SELECT
    event_id, movie_id, action, user_id, liked_at, received_at, source, 'likes' AS side
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND backfill IS NULL
),
copies AS (
  SELECT
    event_id, movie_id, action, user_id, liked_at, received_at, side,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy,
    min(side) OVER (PARTITION BY event_id) AS least_side,
    max(side) OVER (PARTITION BY event_id) AS greatest_side
  FROM sides
)
SELECT
  event_id,
  CASE side WHEN 'likes' THEN 'likes_raw' ELSE 'likes' END AS missing_from,
  movie_id, action, user_id, liked_at, received_at
FROM copies CROSS JOIN oldest
WHERE copy = 1
  AND least_side = greatest_side
  AND CAST(liked_at AS date) BETWEEN :first_day AND :last_day
  AND received_at >= raw_since
ORDER BY liked_at, event_id
