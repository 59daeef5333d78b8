-- How long likes took from happening to arriving, in milliseconds.
--
-- grain: a day of the event (UTC) with at least one like or unlike
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- Percentiles are exact, by nearest rank: p95_ms is the smallest lag that at least 95 of 100 likes
-- do not exceed. A lag below zero is a producer whose clock is ahead. Of a like that came several
-- times it is the first that the lake holds. Likes that were backfilled arrived in a file, and are
-- left out.
WITH lags AS (
  SELECT
    CAST(day AS date) AS day,
    date_diff('millisecond', liked_at, received_at) AS lag_ms,
    count(*) AS alike
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND backfill IS NULL
  GROUP BY 1, 2
),
-- A window over the likes themselves would sort a whole day in the memory of one node.
ranked AS (
  SELECT
    day, lag_ms, alike,
    sum(alike) OVER (PARTITION BY day ORDER BY lag_ms) AS place,
    sum(alike) OVER (PARTITION BY day) AS likes
  FROM lags
)
SELECT
  day,
  sum(alike) AS likes,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 50) AS p50_ms,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 95) AS p95_ms,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 99) AS p99_ms,
  max(lag_ms) AS max_ms
FROM ranked
GROUP BY day
ORDER BY day
