-- How fast likes come, by the hour or minute, against the hours or minutes before.
--
-- grain: an hour or minute of the event (UTC) with at least one like
-- param: first_day date = today-1  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: period string = hour  hour or minute
-- param: before bigint = 24  how many periods before are compared with, at least one
-- param: movie_id string = null  one film, or null for all of them
--
-- likes_before is the mean of the periods before, those without a like included, and change what
-- is above it. ratio is null where there was no like before. Likes taken back are not subtracted.
-- The period that is not over has what came so far.
WITH periods AS (
  SELECT date_trunc(:period, liked_at) AS period_start, count(*) AS likes
  FROM likes
  WHERE day BETWEEN
      date_format(date_add(:period, -:before, CAST(:first_day AS timestamp)), '%Y-%m-%d')
      AND date_format(:last_day, '%Y-%m-%d')
    AND action = 'like'
    AND (:movie_id IS NULL OR movie_id = :movie_id)
  GROUP BY date_trunc(:period, liked_at)
),
numbered AS (
  SELECT
    period_start, likes,
    date_diff(:period, CAST(:first_day AS timestamp), period_start) AS number
  FROM periods
),
compared AS (
  SELECT
    number, period_start, likes,
    CAST(coalesce(
      sum(likes) OVER (ORDER BY number RANGE BETWEEN :before PRECEDING AND 1 PRECEDING), 0
    ) AS double) / :before AS likes_before
  FROM numbered
)
SELECT
  period_start, likes, likes_before,
  likes - likes_before AS change,
  CASE WHEN likes_before > 0 THEN likes / likes_before END AS ratio
FROM compared
WHERE number >= 0
ORDER BY period_start
