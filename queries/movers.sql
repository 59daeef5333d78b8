-- Which films rose and which fell, by likes, against as many days before; and their best hour.
--
-- grain: a film that rose or fell, those that rose first, furthest first
-- param: last_day date = today-1  last day of the events, included
-- param: days bigint = 1  how many days end with it, and are compared with as many before them
-- param: n bigint = 5  how many films that rose, and how many that fell
--
-- Films rank by likes less unlikes among those that anybody liked, and films with as many share a
-- rank; rank and rank_before are null where nobody liked a film, and it counts as standing behind
-- all others. What is expected of a film is the share of all net likes that it had before: busier
-- days raise none. Films are ordered by how far their net likes are from that, in standard
-- deviations of the difference of two Poisson counts (deviations), so that 3 likes after 1 are no
-- rise to speak of. A film rose that is above both its rank and what is expected, and fell below
-- both; where one side has no net likes at all there is nothing to compare, and no film. The peak is the hour with the film's best
-- score in trends (the earliest where there are two), all of it null where none of its hours is
-- ranked.
WITH events AS (
  SELECT
    day >= date_format(date_add('day', 1 - :days, :last_day), '%Y-%m-%d') AS is_later,
    movie_id, likes, unlikes
  FROM likes_by_hour
  WHERE day BETWEEN date_format(date_add('day', 1 - 2 * :days, :last_day), '%Y-%m-%d')
    AND date_format(:last_day, '%Y-%m-%d')
    AND likes + unlikes > 0
),
films AS (
  SELECT
    movie_id,
    coalesce(sum(likes) FILTER (WHERE is_later), 0) AS likes,
    coalesce(sum(unlikes) FILTER (WHERE is_later), 0) AS unlikes,
    coalesce(sum(likes) FILTER (WHERE NOT is_later), 0) AS likes_before,
    coalesce(sum(unlikes) FILTER (WHERE NOT is_later), 0) AS unlikes_before
  FROM events
  GROUP BY movie_id
),
ranked AS (
  SELECT
    movie_id,
    likes - unlikes AS net_likes,
    likes_before - unlikes_before AS net_likes_before,
    CASE WHEN likes > 0 THEN
      rank() OVER (ORDER BY CASE WHEN likes > 0 THEN likes - unlikes END DESC NULLS LAST)
    END AS rank,
    CASE WHEN likes_before > 0 THEN
      rank() OVER (
        ORDER BY CASE WHEN likes_before > 0 THEN likes_before - unlikes_before END DESC NULLS LAST
      )
    END AS rank_before
  FROM films
),
placed AS (
  SELECT
    movie_id, net_likes, net_likes_before, rank, rank_before,
    coalesce(rank, 1 + count(rank) OVER ()) AS rank_to,
    coalesce(rank_before, 1 + count(rank_before) OVER ()) AS rank_from,
    CAST(greatest(net_likes_before, 0) AS double)
      * sum(greatest(net_likes, 0)) OVER ()
      / nullif(sum(greatest(net_likes_before, 0)) OVER (), 0) AS expected
  FROM ranked
),
judged AS (
  SELECT
    movie_id, net_likes, net_likes_before, rank, rank_before,
    (net_likes - expected) / sqrt(nullif(greatest(net_likes, 0) + expected, 0)) AS deviations,
    CASE
      WHEN rank_to < rank_from AND net_likes > expected THEN 'rose'
      WHEN rank_to > rank_from AND net_likes < expected THEN 'fell'
    END AS direction
  FROM placed
),
numbered AS (
  SELECT
    direction, movie_id, net_likes, net_likes_before, rank, rank_before, deviations,
    row_number() OVER (
      PARTITION BY direction
      ORDER BY abs(deviations) DESC, movie_id
    ) AS place
  FROM judged
  WHERE direction IS NOT NULL AND deviations IS NOT NULL
),
hours AS (
  SELECT
    movie_id, hour, score,
    likes - unlikes AS net_likes,
    row_number() OVER (PARTITION BY movie_id ORDER BY score DESC, rank, hour) AS height
  FROM trends
  WHERE day BETWEEN date_format(date_add('day', 1 - :days, :last_day), '%Y-%m-%d')
    AND date_format(:last_day, '%Y-%m-%d')
)
SELECT
  numbered.direction, numbered.place, numbered.movie_id, movies.title, movies.year,
  numbered.rank, numbered.rank_before,
  numbered.net_likes, numbered.net_likes_before, numbered.deviations,
  hours.score AS peak_score,
  hours.hour AS peak_hour,
  hours.net_likes AS peak_net_likes
FROM numbered
  LEFT JOIN hours ON hours.movie_id = numbered.movie_id AND hours.height = 1
  LEFT JOIN movies ON movies.movie_id = numbered.movie_id
WHERE numbered.place <= :n
ORDER BY direction DESC, place
