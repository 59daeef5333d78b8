-- Where trends and the likes do not agree: no rows when all is well.
--
-- grain: an hour of the event (UTC) and a film that are counted differently
-- param: first_day date = today-6  first day of the hours, included
-- param: last_day date = today  last day of the hours, included
--
-- Nulls stand where only the other side knows of the film in that hour. Compared are the hours from
-- the first to the last that trends holds in the days asked for: the current one is not written
-- before it is over, and before the first there may have been no trends yet. A like that arrived
-- over 48 hours after it happened is in the lake only, and is not compared.
--
-- Rows of the newest hours can show for some minutes: likes come into the lake when Firehose
-- delivers them, and late ones into trends when their hour is restated, every ten minutes. Rows
-- that stay are differences: one cause is an event id that a producer put on the stream twice,
-- which is one like here and two in trends.
--
-- likes_raw holds a like at least once, by arrival: of the copies with one event id, the one that
-- came first counts. A like may say it happened up to ten minutes after it arrived, and may arrive
-- any time later, so the partitions from the day before first_day on hold every like of the days
-- asked for, and the first copy of an event id that was sent again within a day.
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
copies AS (
  SELECT
    movie_id, action, liked_at, received_at,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
),
counted AS (
  SELECT
    date_trunc('hour', liked_at) AS hour,
    movie_id,
    count(*) FILTER (WHERE action = 'like') AS likes,
    count(*) FILTER (WHERE action = 'unlike') AS unlikes
  FROM copies CROSS JOIN compared
  WHERE copy = 1
    AND liked_at >= date_add('hour', -48, received_at)
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
