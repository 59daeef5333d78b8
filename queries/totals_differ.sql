-- Where likes_by_hour tells other numbers than the likes and repeats it is derived from: no rows if
-- all is well.
--
-- grain: a film and an hour of the event (UTC) that the two tell otherwise, or that one lacks
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- A day's totals are written right after its likes, and made anew by the next compaction where that
-- was cut off. So a row shows for seconds, after a kill for minutes, and otherwise for a fault.
WITH told AS (
  SELECT
    hour,
    movie_id,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes,
    sum(backfilled) AS backfilled,
    coalesce(sum(repeated), 0) AS repeated
  FROM likes_by_hour
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
  GROUP BY hour, movie_id
),
events AS (
  SELECT
    liked_at, movie_id, action,
    1 AS likes, if(backfill IS NULL, 0, 1) AS backfilled, 0 AS repeated
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
  UNION ALL
  SELECT liked_at, movie_id, action, 0 AS likes, 0 AS backfilled, 1 AS repeated
  FROM repeats
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
),
counted AS (
  SELECT
    date_trunc('hour', liked_at) AS hour,
    movie_id,
    sum(if(action = 'like', likes, 0)) AS likes,
    sum(if(action = 'unlike', likes, 0)) AS unlikes,
    sum(if(action = 'like', backfilled, -backfilled)) AS backfilled,
    sum(if(action = 'like', repeated, -repeated)) AS repeated
  FROM events
  GROUP BY date_trunc('hour', liked_at), movie_id
)
SELECT
  coalesce(told.hour, counted.hour) AS hour,
  coalesce(told.movie_id, counted.movie_id) AS movie_id,
  told.likes AS likes_told,
  counted.likes AS likes_in_lake,
  told.unlikes AS unlikes_told,
  counted.unlikes AS unlikes_in_lake,
  told.backfilled AS backfilled_told,
  counted.backfilled AS backfilled_in_lake,
  told.repeated AS repeated_told,
  counted.repeated AS repeated_in_lake
FROM told FULL OUTER JOIN counted
  ON told.hour = counted.hour AND told.movie_id = counted.movie_id
WHERE told.likes IS DISTINCT FROM counted.likes
  OR told.unlikes IS DISTINCT FROM counted.unlikes
  OR told.backfilled IS DISTINCT FROM counted.backfilled
  OR told.repeated IS DISTINCT FROM counted.repeated
ORDER BY hour, movie_id
