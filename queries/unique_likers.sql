-- How many different people liked something each day, and how many likes told no one's name.
--
-- grain: a day of the event (UTC) with at least one like
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: movie_id string = null  one film, or null for all of them
--
-- A like taken back later still counts: its sender liked the film that day.
SELECT
  CAST(day AS date) AS day,
  count(DISTINCT user_id) AS likers,
  count(*) AS likes,
  count(*) FILTER (WHERE user_id IS NULL) AS anonymous_likes
FROM likes
WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
  AND action = 'like'
  AND (:movie_id IS NULL OR movie_id = :movie_id)
GROUP BY day
ORDER BY day
