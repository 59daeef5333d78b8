-- Which films were probably like-bombed: hours whose likes come from few people, or from robots.
--
-- grain: an hour of the event (UTC) and a film, most suspicious likes first
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: min_likes bigint = 20  hours with fewer likes of the film are left out
-- param: few bigint = 3  so many people are few
-- param: per_minute bigint = 20  more likes of one person in a minute are no person's
-- param: share double = 0.5  such people's share of the hour's likes that makes it suspicious
--
-- A person likes a film once, or again after taking it back. So an hour is suspicious if at least
-- this share of its likes comes from the few people who liked the film most, or was liked so fast:
-- by people who in that minute of the clock liked more than per_minute times, whichever films. why
-- says which, and suspicious_likes is the greater of the two. Likes that told no one's name are
-- likes of the hour, but nobody's: a crowd without names is not found here. Likes taken back still
-- count.
WITH clicks AS (
  SELECT
    movie_id, user_id, liked_at,
    count(user_id) OVER (
      PARTITION BY user_id, date_trunc('minute', liked_at)
    ) AS likes_in_minute
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND action = 'like'
),
people AS (
  SELECT
    date_trunc('hour', liked_at) AS hour,
    movie_id, user_id,
    count(*) AS likes,
    count(*) FILTER (WHERE likes_in_minute > :per_minute) AS fast_likes
  FROM clicks
  GROUP BY date_trunc('hour', liked_at), movie_id, user_id
),
placed AS (
  SELECT
    hour, movie_id, user_id, likes, fast_likes,
    row_number() OVER (
      PARTITION BY hour, movie_id
      ORDER BY CASE WHEN user_id IS NULL THEN 0 ELSE likes END DESC, user_id
    ) AS place
  FROM people
),
hours AS (
  SELECT
    hour, movie_id,
    sum(likes) AS likes,
    count(user_id) AS likers,
    coalesce(sum(likes) FILTER (WHERE place <= :few AND user_id IS NOT NULL), 0)
      AS likes_of_few,
    sum(fast_likes) AS fast_likes
  FROM placed
  GROUP BY hour, movie_id
),
judged AS (
  SELECT
    hour, movie_id, likes, likers, likes_of_few, fast_likes,
    likes_of_few >= :share * likes AS is_few,
    fast_likes >= :share * likes AS is_fast
  FROM hours
  WHERE likes >= :min_likes
)
SELECT
  hour, judged.movie_id, movies.title, movies.year,
  likes, likers, likes_of_few, fast_likes,
  greatest(likes_of_few, fast_likes) AS suspicious_likes,
  CASE
    WHEN is_few AND is_fast THEN 'few and fast'
    WHEN is_few THEN 'few'
    ELSE 'fast'
  END AS why
FROM judged LEFT JOIN movies ON movies.movie_id = judged.movie_id
WHERE is_few OR is_fast
ORDER BY suspicious_likes DESC, hour, judged.movie_id
