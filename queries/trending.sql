-- Which films trended: those that once stood furthest above what their own past predicts.
--
-- grain: a film, best first
-- param: first_day date = today-1  first day of the hours, included
-- param: last_day date = today  last day of the hours, included
-- param: n bigint = 10  how many films
--
-- A film that is always popular does not trend, and one that everybody talked about for an hour
-- does: so films are ordered by their best score of all hours, their peak, and not by their likes;
-- where scores are equal, by net likes. The earliest hour counts where a film reached its peak
-- twice. likes and unlikes are those of all the days asked for. Films whose score never reached 0
-- are left out; an hour with no past to compare with has only scores of 0.
WITH hours AS (
  SELECT
    hour, movie_id, likes, unlikes, score, rank,
    row_number() OVER (PARTITION BY movie_id ORDER BY score DESC, rank, hour) AS height
  FROM trends
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
),
films AS (
  SELECT
    movie_id,
    max(score) AS peak_score,
    min(rank) FILTER (WHERE height = 1) AS peak_rank,
    min(hour) FILTER (WHERE height = 1) AS peak_hour,
    count(*) FILTER (WHERE rank <= 10) AS hours_in_top_10,
    sum(likes) AS likes,
    sum(unlikes) AS unlikes
  FROM hours
  GROUP BY movie_id
),
ranked AS (
  SELECT
    row_number() OVER (ORDER BY peak_score DESC, likes - unlikes DESC, movie_id) AS place,
    movie_id, peak_score, peak_rank, peak_hour, hours_in_top_10, likes, unlikes
  FROM films
  WHERE peak_score >= 0
)
SELECT
  place, ranked.movie_id, movies.title, movies.year,
  peak_score, peak_rank, peak_hour, hours_in_top_10, likes, unlikes
FROM ranked LEFT JOIN movies ON movies.movie_id = ranked.movie_id
WHERE place <= :n
ORDER BY place
