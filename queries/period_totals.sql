-- What some days come to in all, beside as many days before them.
--
-- grain: the days asked for and those before, as far as anything was liked or unliked in them
-- param: last_day date = today-1  last day of the events, included
-- param: days bigint = 1  how many days end with it, and are compared with as many before them
--
-- first_day tells which of the two a row is: the one asked for, or as many days earlier. likers are
-- different people who liked something, movies different films that were liked or unliked.
-- last_arrival is when the last of the events arrived, backfilled ones included.
WITH events AS (
  SELECT
    day >= date_format(date_add('day', 1 - :days, :last_day), '%Y-%m-%d') AS is_later,
    action, movie_id, user_id, liked_at, received_at
  FROM likes
  WHERE day BETWEEN date_format(date_add('day', 1 - 2 * :days, :last_day), '%Y-%m-%d')
    AND date_format(:last_day, '%Y-%m-%d')
)
SELECT
  date_add('day', CASE WHEN is_later THEN 1 - :days ELSE 1 - 2 * :days END, :last_day) AS first_day,
  count(*) FILTER (WHERE action = 'like') AS likes,
  count(*) FILTER (WHERE action = 'unlike') AS unlikes,
  count(DISTINCT user_id) FILTER (WHERE action = 'like') AS likers,
  count(DISTINCT movie_id) AS movies,
  max(liked_at) AS newest_like,
  max(received_at) AS last_arrival
FROM events
GROUP BY is_later
ORDER BY is_later
