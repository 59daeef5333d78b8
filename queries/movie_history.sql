-- How one film fared, day by day: its likes, what they add up to, and its best hour.
--
-- grain: a day of the event (UTC) on which the film was liked or unliked
-- param: movie_id string  the film
-- param: first_day date = today-6  first day of the hours, included
-- param: last_day date = today  last day of the hours, included
--
-- net_likes adds up the likes less the unlikes from first_day on. The best hour of a day, its peak,
-- is the one with the highest score: furthest above what the film's own past predicts; the earliest
-- where there are two. Hours that are not over yet are not in it.
WITH hours AS (
  SELECT
    hour, likes, unlikes, score, rank,
    row_number() OVER (
      PARTITION BY CAST(hour AS date)
      ORDER BY score DESC, rank, hour
    ) AS height
  FROM trends
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND movie_id = :movie_id
),
days AS (
  SELECT
    CAST(hour AS date) AS day,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes,
    max(score) AS peak_score,
    min(rank) FILTER (WHERE height = 1) AS peak_rank,
    min(hour) FILTER (WHERE height = 1) AS peak_hour
  FROM hours
  GROUP BY CAST(hour AS date)
)
SELECT
  day, likes, unlikes,
  sum(likes - unlikes) OVER (ORDER BY day) AS net_likes,
  peak_score, peak_rank, peak_hour
FROM days
ORDER BY day
