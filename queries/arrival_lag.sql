-- How long likes took from happening to arriving, in milliseconds.
--
-- grain: a day of the event (UTC) with at least one like or unlike
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- Percentiles are exact, by nearest rank: p95_ms is the smallest lag that at least 95 of 100 likes
-- do not exceed. A lag below zero is a producer whose clock is ahead. likes_raw holds a like at
-- least once, by arrival: of the copies with one event id, the one that came first counts. A like
-- may say it happened up to ten minutes after it arrived, and may arrive any time later, so the
-- partitions from the day before first_day on hold every like of the days asked for, and the first
-- copy of an event id that was sent again within a day.
WITH copies AS (
  SELECT
    liked_at, received_at,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
),
lags AS (
  SELECT
    CAST(liked_at AS date) AS day,
    date_diff('millisecond', liked_at, received_at) AS lag_ms
  FROM copies
  WHERE copy = 1 AND CAST(liked_at AS date) BETWEEN :first_day AND :last_day
),
ranked AS (
  SELECT
    day, lag_ms,
    row_number() OVER (PARTITION BY day ORDER BY lag_ms) AS place,
    count(*) OVER (PARTITION BY day) AS likes
  FROM lags
)
SELECT
  day,
  count(*) AS likes,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 50) AS p50_ms,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 95) AS p95_ms,
  min(lag_ms) FILTER (WHERE place * 100 >= likes * 99) AS p99_ms,
  max(lag_ms) AS max_ms
FROM ranked
GROUP BY day
ORDER BY day
