-- How many likes and unlikes there were hour by hour, of how many films, and which was on top.
--
-- grain: an hour of the event (UTC) that is over, in which anything was liked or unliked
-- param: first_day date = today-1  first day of the hours, included
-- param: last_day date = today  last day of the hours, included
-- param: movie_id string = null  one film, or null for all of them
--
-- The film on top is the one with the best score of the hour: furthest above what its own past
-- predicts, not most liked. Of one film alone, that is the film itself: top_score and top_rank are
-- then its score, and its rank among all films.
WITH hours AS (
  SELECT
    hour, movie_id, likes, unlikes, score, rank,
    row_number() OVER (PARTITION BY hour ORDER BY rank, movie_id) AS place
  FROM trends
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND (:movie_id IS NULL OR movie_id = :movie_id)
),
counted AS (
  SELECT
    hour,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes,
    count(*) AS movies,
    min(movie_id) FILTER (WHERE place = 1) AS top_movie_id,
    min(score) FILTER (WHERE place = 1) AS top_score,
    min(rank) FILTER (WHERE place = 1) AS top_rank
  FROM hours
  GROUP BY hour
)
SELECT
  hour, likes, unlikes, counted.movies,
  top_movie_id, movies.title AS top_title, movies.year AS top_year,
  top_score, top_rank
FROM counted LEFT JOIN movies ON movies.movie_id = counted.top_movie_id
ORDER BY hour
