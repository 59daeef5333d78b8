-- How many likes and unlikes there were each day, of how many films.
--
-- grain: a day of the event (UTC) on which anything was liked or unliked
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
SELECT
  CAST(day AS date) AS day,
  sum(likes) AS likes,
  sum(unlikes) AS unlikes,
  count(DISTINCT movie_id) AS movies
FROM likes_by_hour
WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
  AND likes + unlikes > 0
GROUP BY day
ORDER BY day
