-- How many people liked something for the first time each day, and how many came back.
--
-- grain: a day of the event (UTC) with at least one like that told a name
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: lookback bigint = 28  how many days without a like make a liker new again
-- param: movie_id string = null  one film, or null for all of them
--
-- A liker is new on a day who liked nothing in the lookback days before it, and else returning: so
-- a day's answer is the same whatever days are asked for with it. Of one film, that is who had not
-- liked it. Nobody knows who liked without a name, and a like taken back still counts.
WITH days AS (
  SELECT DISTINCT user_id, CAST(day AS date) AS day
  FROM likes
  WHERE day BETWEEN date_format(date_add('day', -:lookback, :first_day), '%Y-%m-%d')
      AND date_format(:last_day, '%Y-%m-%d')
    AND action = 'like'
    AND user_id IS NOT NULL
    AND (:movie_id IS NULL OR movie_id = :movie_id)
),
visits AS (
  SELECT
    day,
    date_diff('day', lag(day) OVER (PARTITION BY user_id ORDER BY day), day) AS days_since
  FROM days
)
SELECT
  day,
  count(*) AS likers,
  count(*) FILTER (WHERE days_since IS NULL OR days_since > :lookback) AS new_likers,
  count(*) FILTER (WHERE days_since <= :lookback) AS returning_likers
FROM visits
WHERE day >= :first_day
GROUP BY day
ORDER BY day
