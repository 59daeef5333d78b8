-- How many different people liked something each day, and how many likes told no one's name.
--
-- grain: a day of the event (UTC) with at least one like
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: movie_id string = null  one film, or null for all of them
--
-- A like taken back later still counts: its sender liked the film that day. likes_raw holds a like
-- at least once, by arrival: of the copies with one event id, the one that came first counts. A
-- like may say it happened up to ten minutes after it arrived, and may arrive any time later, so
-- the partitions from the day before first_day on hold every like of the days asked for, and the
-- first copy of an event id that was sent again within a day.
WITH copies AS (
  SELECT
    movie_id, user_id, action, liked_at,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
)
SELECT
  CAST(liked_at AS date) AS day,
  count(DISTINCT user_id) AS likers,
  count(*) AS likes,
  count(*) FILTER (WHERE user_id IS NULL) AS anonymous_likes
FROM copies
WHERE copy = 1
  AND action = 'like'
  AND (:movie_id IS NULL OR movie_id = :movie_id)
  AND CAST(liked_at AS date) BETWEEN :first_day AND :last_day
GROUP BY CAST(liked_at AS date)
ORDER BY day
