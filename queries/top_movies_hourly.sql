-- How the films fared, hour by hour, that gained the most likes.
--
-- grain: a film and an hour of the event (UTC) in which it was liked or unliked
-- param: first_day date = today-1  first day of the events, included
-- param: last_day date = today-1  last day of the events, included
-- param: n bigint = 10  how many films
--
-- The films, and their places, are those of top_movies: likes and unlikes are a film's in all,
-- net_likes_in_hour its likes less its unlikes in the hour.
WITH hours AS (
  SELECT
    movie_id,
    hour,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM likes_by_hour
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND likes + unlikes > 0
  GROUP BY movie_id, hour
),
films AS (
  SELECT
    movie_id, hour,
    likes - unlikes AS net_likes_in_hour,
    sum(likes) OVER (PARTITION BY movie_id) AS likes,
    sum(unlikes) OVER (PARTITION BY movie_id) AS unlikes
  FROM hours
),
ranked AS (
  SELECT
    dense_rank() OVER (ORDER BY likes - unlikes DESC, movie_id) AS place,
    movie_id, likes, unlikes, hour, net_likes_in_hour
  FROM films
)
SELECT
  place, ranked.movie_id, movies.title, movies.year,
  likes, unlikes, hour, net_likes_in_hour
FROM ranked LEFT JOIN movies ON movies.movie_id = ranked.movie_id
WHERE place <= :n
ORDER BY place, hour
