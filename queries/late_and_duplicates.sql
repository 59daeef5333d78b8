-- How many likes the archive holds more than once, and how many came late.
--
-- grain: a day of arrival (UTC) on which any like arrived
-- param: first_day date = today-6  first day of arrival, included
-- param: last_day date = today  last day of arrival, included
-- param: late_minutes bigint = 60  a like is late that arrived later than so many minutes after it
--
-- rows_in_raw is what was archived, likes what of it the lake is to hold, and copies the rest: the
-- same event id again, sent twice or delivered twice. Of these the one that came first is the like.
-- An event id counts as a copy if it came before within a week. late_share is of the likes, and null
-- on a day of copies alone. Eight days before those asked for are read too, and the day after, as a
-- delivery near midnight may lie under the day of its neighbour.
WITH copies AS (
  SELECT
    received_at,
    date_diff('millisecond', liked_at, received_at) AS lag_ms,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day BETWEEN date_format(date_add('day', -8, :first_day), '%Y-%m-%d')
    AND date_format(date_add('day', 1, :last_day), '%Y-%m-%d')
),
days AS (
  SELECT
    CAST(received_at AS date) AS day,
    count(*) AS rows_in_raw,
    count(*) FILTER (WHERE copy = 1) AS likes,
    count(*) FILTER (WHERE copy > 1) AS copies,
    count(*) FILTER (WHERE copy = 1 AND lag_ms > :late_minutes * 60000) AS late
  FROM copies
  WHERE CAST(received_at AS date) BETWEEN :first_day AND :last_day
  GROUP BY CAST(received_at AS date)
)
SELECT
  day, rows_in_raw, likes, copies,
  CAST(copies AS double) / rows_in_raw AS copy_share,
  late,
  CAST(late AS double) / nullif(likes, 0) AS late_share
FROM days
ORDER BY day
