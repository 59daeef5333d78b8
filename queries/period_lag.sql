-- How long likes took to arrive, over some days taken together, and how many came late.
--
-- grain: all the days asked for, in one row
-- param: first_day date = today-1  first day of the events, included
-- param: last_day date = today-1  last day of the events, included
-- param: late_minutes bigint = 60  a like is late that arrived later than so many minutes after it
--
-- As arrival_lag, which tells each day: percentiles are exact, by nearest rank, unlikes count too,
-- and likes that were backfilled are left out, since they arrived in a file. Where none is left,
-- likes is 0 and the rest null. Equal lags are counted together first, so that no one machine has
-- to sort all likes.
WITH lags AS (
  SELECT date_diff('millisecond', liked_at, received_at) AS lag_ms, count(*) AS likes
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND backfill IS NULL
  GROUP BY date_diff('millisecond', liked_at, received_at)
),
ranked AS (
  SELECT
    lag_ms, likes,
    sum(likes) OVER (ORDER BY lag_ms) AS so_far,
    sum(likes) OVER () AS in_all
  FROM lags
)
SELECT
  coalesce(sum(likes), 0) AS likes,
  sum(CASE WHEN lag_ms > :late_minutes * 60000 THEN likes ELSE 0 END) AS late,
  min(lag_ms) FILTER (WHERE so_far * 100 >= in_all * 50) AS p50_ms,
  min(lag_ms) FILTER (WHERE so_far * 100 >= in_all * 95) AS p95_ms,
  min(lag_ms) FILTER (WHERE so_far * 100 >= in_all * 99) AS p99_ms,
  max(lag_ms) AS max_ms
FROM ranked
ORDER BY likes
