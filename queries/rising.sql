-- Which films rose most: their rank by net likes in the last hours, and in as many hours before.
--
-- grain: a film that rose, best first
-- param: last_day date = today  the newest hour in trends, of this day or the six before, ends it
-- param: hours bigint = 24  how many hours are compared with as many before them
-- param: n bigint = 10  how many films
--
-- The later hours end at span_end, when the newest hour that trends holds was full: give a day that
-- is over, and the answer stays the same. Ranks are by likes less unlikes, and films with as many
-- share one. From 10th to 1st is more than from 110th to 101st: films are ordered by rank before
-- divided by rank now, then by net likes gained. A film that nobody liked or unliked before is new:
-- it has nulls there, and is ordered as if it had stood behind all others. ratio is null where the
-- net likes before were none or fewer. A film with no more likes than unlikes now did not rise.
WITH newest AS (
  SELECT date_add('hour', 1, max(hour)) AS span_end
  FROM trends
  WHERE day BETWEEN date_format(date_add('day', -6, :last_day), '%Y-%m-%d')
    AND date_format(:last_day, '%Y-%m-%d')
),
films AS (
  SELECT
    movie_id, span_end,
    hour >= date_add('hour', -:hours, span_end) AS is_later,
    sum(likes - unlikes) AS net_likes
  FROM trends CROSS JOIN newest
  WHERE day BETWEEN
      date_format(
        date_add('hour', -2 * :hours, CAST(date_add('day', -6, :last_day) AS timestamp)),
        '%Y-%m-%d'
      )
      AND date_format(:last_day, '%Y-%m-%d')
    AND hour >= date_add('hour', -2 * :hours, span_end)
  GROUP BY movie_id, span_end, hour >= date_add('hour', -:hours, span_end)
),
earlier AS (
  SELECT movie_id, net_likes, rank() OVER (ORDER BY net_likes DESC) AS rank
  FROM films
  WHERE NOT is_later
),
later AS (
  SELECT movie_id, span_end, net_likes, rank() OVER (ORDER BY net_likes DESC) AS rank
  FROM films
  WHERE is_later
),
compared AS (
  SELECT
    later.movie_id, later.rank, later.net_likes, later.span_end,
    earlier.rank AS rank_before,
    earlier.net_likes AS net_likes_before,
    coalesce(earlier.rank, 1 + (SELECT count(*) FROM earlier)) AS rank_from
  FROM later LEFT JOIN earlier ON later.movie_id = earlier.movie_id
),
ranked AS (
  SELECT
    row_number() OVER (
      ORDER BY
        CAST(rank_from AS double) / rank DESC,
        net_likes - coalesce(net_likes_before, 0) DESC,
        movie_id
    ) AS place,
    movie_id, rank, rank_before, net_likes, net_likes_before, span_end
  FROM compared
  WHERE net_likes > 0 AND (rank_before IS NULL OR rank < rank_before)
)
SELECT
  place, ranked.movie_id, movies.title, movies.year, rank, rank_before,
  rank_before - rank AS rise,
  net_likes, net_likes_before,
  CASE WHEN net_likes_before > 0 THEN CAST(net_likes AS double) / net_likes_before END AS ratio,
  span_end
FROM ranked LEFT JOIN movies ON movies.movie_id = ranked.movie_id
WHERE place <= :n
ORDER BY place
