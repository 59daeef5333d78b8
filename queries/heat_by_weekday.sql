-- When people like films: likes by weekday and hour.
--
-- grain: an hour (UTC) of a weekday that the days asked for hold, with or without likes
-- param: first_day date = today-28  first day of the events, included
-- param: last_day date = today-1  last day of the events, included
-- param: movie_id string = null  one film, or null for all of them
--
-- Monday is 1. likes_per_hour is the mean of the days asked for that are this weekday, of which
-- there are as many as days says; it compares weekdays of which there are not equally many.
WITH counted AS (
  SELECT
    day_of_week(CAST(day AS date)) AS weekday,
    hour(hour) AS hour,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM likes_by_hour
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND (:movie_id IS NULL OR movie_id = :movie_id)
    AND likes + unlikes > 0
  GROUP BY day_of_week(CAST(day AS date)), hour(hour)
),
weekdays AS (
  SELECT day_of_week(day) AS weekday, count(*) AS days
  FROM UNNEST(sequence(:first_day, :last_day)) AS calendar (day)
  WHERE :first_day <= :last_day
  GROUP BY day_of_week(day)
)
SELECT
  weekdays.weekday,
  clock.hour,
  coalesce(counted.likes, 0) AS likes,
  coalesce(counted.unlikes, 0) AS unlikes,
  weekdays.days,
  CAST(coalesce(counted.likes, 0) AS double) / weekdays.days AS likes_per_hour
FROM weekdays
CROSS JOIN UNNEST(sequence(0, 23)) AS clock (hour)
LEFT JOIN counted ON counted.weekday = weekdays.weekday AND counted.hour = clock.hour
ORDER BY weekday, hour
