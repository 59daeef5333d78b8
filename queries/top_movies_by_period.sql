-- Which films gained the most likes each day, week or month.
--
-- grain: a period in which anything was liked or unliked, and a film, best first
-- param: first_day date = today-27  the first period is the one that holds this day
-- param: last_day date = today  the last period is the one that holds this day
-- param: period string = week  day, week (from Monday), month, quarter or year
-- param: n bigint = 10  how many films of each period
--
-- Periods are whole, whatever part of them the days asked for are, so that they can be compared;
-- one that is not over has what came so far. A like taken back counts as one less in the period in
-- which it was taken back.
WITH films AS (
  SELECT
    date_trunc(:period, CAST(day AS date)) AS period_start,
    movie_id,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM likes_by_hour
  WHERE day >= date_format(date_trunc(:period, :first_day), '%Y-%m-%d')
    AND day < date_format(date_add(:period, 1, date_trunc(:period, :last_day)), '%Y-%m-%d')
    AND likes + unlikes > 0
  GROUP BY date_trunc(:period, CAST(day AS date)), movie_id
),
ranked AS (
  SELECT
    period_start,
    row_number() OVER (
      PARTITION BY period_start
      ORDER BY likes - unlikes DESC, movie_id
    ) AS place,
    movie_id, likes - unlikes AS net_likes, likes, unlikes
  FROM films
)
SELECT
  period_start, place, ranked.movie_id, movies.title, movies.year, net_likes, likes, unlikes
FROM ranked LEFT JOIN movies ON movies.movie_id = ranked.movie_id
WHERE place <= :n
ORDER BY period_start, place
