-- Where trends and the likes do not agree: no rows when all is well.
--
-- grain: an hour of the event (UTC) and a film that are counted differently
-- param: first_day date = today-6  first day of the hours, included
-- param: last_day date = today  last day of the hours, included
--
-- Nulls stand where only the other side knows of the film in that hour. Compared are the hours from
-- the first to the last that trends holds in the days asked for: the current one is not written
-- before it is over, and before the first there may have been no trends yet.
--
-- An hour of trends is first written from what was tracked, and again from its likes once they are
-- compacted. So a row shows for what is minutes old, as likes are compacted every five minutes and
-- hours restated every ten; for an hour more than eight days old, up to an hour or so; and otherwise
-- for a fault.
WITH tracked AS (
  SELECT hour, movie_id, sum(likes) AS likes, sum(unlikes) AS unlikes
  FROM trends
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
  GROUP BY hour, movie_id
),
compared AS (
  SELECT min(hour) AS first_hour, max(hour) AS last_hour
  FROM tracked
),
counted AS (
  SELECT
    date_trunc('hour', liked_at) AS hour,
    movie_id,
    count(*) FILTER (WHERE action = 'like') AS likes,
    count(*) FILTER (WHERE action = 'unlike') AS unlikes
  FROM likes CROSS JOIN compared
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND date_trunc('hour', liked_at) BETWEEN first_hour AND last_hour
  GROUP BY date_trunc('hour', liked_at), movie_id
)
SELECT
  coalesce(tracked.hour, counted.hour) AS hour,
  coalesce(tracked.movie_id, counted.movie_id) AS movie_id,
  tracked.likes AS likes_in_trends,
  counted.likes AS likes_in_lake,
  tracked.unlikes AS unlikes_in_trends,
  counted.unlikes AS unlikes_in_lake
FROM tracked FULL OUTER JOIN counted
  ON tracked.hour = counted.hour AND tracked.movie_id = counted.movie_id
WHERE tracked.likes IS DISTINCT FROM counted.likes
  OR tracked.unlikes IS DISTINCT FROM counted.unlikes
ORDER BY hour, movie_id
