-- Which share of those who first liked something in a week liked again in the weeks after it.
--
-- grain: a week of first likes (from Monday, UTC), and a number of weeks later
-- param: first_day date = today-55  the first week is the one that holds this day
-- param: last_day date = today  the last week is the one that holds this day
--
-- cohort_week is the week of a person's first like of these weeks: the first cohorts hold those,
-- too, who had liked something before. Weeks later go up to the last week with any like; one that
-- is not over has who came so far. A like taken back still counts, and likes that told no one's
-- name do not.
WITH active AS (
  SELECT DISTINCT user_id, date_trunc('week', CAST(day AS date)) AS week
  FROM likes
  WHERE day >= date_format(date_trunc('week', :first_day), '%Y-%m-%d')
    AND day < date_format(date_add('week', 1, date_trunc('week', :last_day)), '%Y-%m-%d')
    AND action = 'like'
    AND user_id IS NOT NULL
),
cohorts AS (
  SELECT week, min(week) OVER (PARTITION BY user_id) AS cohort_week
  FROM active
),
returned AS (
  SELECT cohort_week, week, count(*) AS likers, max(max(week)) OVER () AS last_week
  FROM cohorts
  GROUP BY cohort_week, week
),
weeks AS (
  SELECT week
  FROM UNNEST(sequence(
    date_trunc('week', :first_day),
    date_trunc('week', greatest(:first_day, :last_day)),
    INTERVAL '7' DAY
  )) AS calendar (week)
),
retained AS (
  SELECT
    returned.cohort_week,
    weeks.week,
    max(returned.likers) FILTER (WHERE returned.week = returned.cohort_week) AS cohort,
    coalesce(max(returned.likers) FILTER (WHERE returned.week = weeks.week), 0) AS still_liking
  FROM returned JOIN weeks
    ON weeks.week BETWEEN returned.cohort_week AND returned.last_week
  GROUP BY returned.cohort_week, weeks.week
)
SELECT
  cohort_week,
  date_diff('week', cohort_week, week) AS weeks_later,
  cohort, still_liking,
  CAST(still_liking AS double) / cohort AS share
FROM retained
ORDER BY cohort_week, weeks_later
