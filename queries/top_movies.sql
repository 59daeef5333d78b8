-- Which films gained the most likes, counting each like taken back as one less.
--
-- grain: a film, best first
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: n bigint = 10  how many films
--
-- likes_raw holds a like at least once, by arrival: of the copies with one event id, the one that
-- came first counts. A like may say it happened up to ten minutes after it arrived, and may arrive
-- any time later, so the partitions from the day before first_day on hold every like of the days
-- asked for, and the first copy of an event id that was sent again within a day.
WITH copies AS (
  SELECT
    movie_id, action, liked_at,
    row_number() OVER (
      PARTITION BY event_id
      ORDER BY received_at, liked_at, movie_id, action, user_id, source
    ) AS copy
  FROM likes_raw
  WHERE arrival_day >= date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
),
films AS (
  SELECT
    movie_id,
    count(*) FILTER (WHERE action = 'like') AS likes,
    count(*) FILTER (WHERE action = 'unlike') AS unlikes
  FROM copies
  WHERE copy = 1 AND CAST(liked_at AS date) BETWEEN :first_day AND :last_day
  GROUP BY movie_id
),
ranked AS (
  SELECT
    row_number() OVER (ORDER BY likes - unlikes DESC, movie_id) AS place,
    movie_id, likes - unlikes AS net_likes, likes, unlikes
  FROM films
)
SELECT place, movie_id, net_likes, likes, unlikes
FROM ranked
WHERE place <= :n
ORDER BY place
