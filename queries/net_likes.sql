-- How net likes grew day by day, or by week or month: likes less those taken back.
--
-- grain: a period in which anything was liked or unliked
-- param: first_day date = today-27  the first period is the one that holds this day
-- param: last_day date = today  the last period is the one that holds this day
-- param: period string = day  day, week (from Monday), month, quarter or year
-- param: movie_id string = null  one film, or null for all of them
--
-- Periods are whole, whatever part of them the days asked for are; one that is not over has what
-- came so far. net_likes_so_far adds up from the first period on, and not from the film's first
-- like: DynamoDB tells that (`lake counts`).
WITH periods AS (
  SELECT
    date_trunc(:period, CAST(day AS date)) AS period_start,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM likes_by_hour
  WHERE day >= date_format(date_trunc(:period, :first_day), '%Y-%m-%d')
    AND day < date_format(date_add(:period, 1, date_trunc(:period, :last_day)), '%Y-%m-%d')
    AND (:movie_id IS NULL OR movie_id = :movie_id)
    AND likes + unlikes > 0
  GROUP BY date_trunc(:period, CAST(day AS date))
)
SELECT
  period_start, likes, unlikes,
  likes - unlikes AS net_likes,
  sum(likes - unlikes) OVER (ORDER BY period_start) AS net_likes_so_far
FROM periods
ORDER BY period_start
