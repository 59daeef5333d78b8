-- How many likes and unlikes there were each day, of how many films.
--
-- grain: a day of the event (UTC) on which anything was liked or unliked
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- likes_raw holds a like at least once, by arrival: of the copies with one event id, the one that
-- came first counts. A like may say it happened up to ten minutes after it arrived, and may arrive
-- any time later, so the partitions from the day before first_day on hold every like of the days
-- asked for, and the first copy of an event id that was sent again within a day.
WITH copies AS (
  SELECT
    movie_id, action, liked_at,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
)
SELECT
  CAST(liked_at AS date) AS day,
  count(*) FILTER (WHERE action = 'like') AS likes,
  count(*) FILTER (WHERE action = 'unlike') AS unlikes,
  count(DISTINCT movie_id) AS movies
FROM copies
WHERE copy = 1 AND CAST(liked_at AS date) BETWEEN :first_day AND :last_day
GROUP BY CAST(liked_at AS date)
ORDER BY day
