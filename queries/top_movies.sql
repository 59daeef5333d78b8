-- Which films gained the most likes, counting each like taken back as one less.
--
-- grain: a film, best first
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: n bigint = 10  how many films
WITH films AS (
  SELECT
    movie_id,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM likes_by_hour
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND likes + unlikes > 0
  GROUP BY movie_id
),
ranked AS (
  SELECT
    row_number() OVER (ORDER BY likes - unlikes DESC, movie_id) AS place,
    movie_id, likes - unlikes AS net_likes, likes, unlikes
  FROM films
)
SELECT place, ranked.movie_id, movies.title, movies.year, net_likes, likes, unlikes
FROM ranked LEFT JOIN movies ON movies.movie_id = ranked.movie_id
WHERE place <= :n
ORDER BY place
