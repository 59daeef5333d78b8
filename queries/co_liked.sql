-- Which films are liked by the same people: pairs of films, with support and lift.
--
-- grain: a pair of films that enough people like both of, most people first
-- param: first_day date = today-27  first day of the events, included
-- param: last_day date = today  last day of the events, included
-- param: movie_id string = null  pairs with this film, which then stands first; or null for all
-- param: per_user bigint = 20  at most so many films of a person, those liked last
-- param: min_users bigint = 2  how many people must like both
-- param: n bigint = 20  how many pairs
--
-- A film is liked by whoever's last word on it, in the days asked for, was a like: an unlike undoes
-- it. Likes that told no one's name are left out. A person with thousands of films would make
-- millions of pairs, and say little: per_user bounds that, and all numbers are of the films so
-- kept. support is the share of people who like both; lift is how many times more there are than
-- if the films had nothing to do with each other.
WITH words AS (
  SELECT
    user_id, movie_id, action, liked_at,
    row_number() OVER (
      PARTITION BY user_id, movie_id
      ORDER BY liked_at DESC, received_at DESC, event_id DESC
    ) AS back
  FROM likes
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND user_id IS NOT NULL
),
tastes AS (
  SELECT
    user_id, movie_id,
    row_number() OVER (PARTITION BY user_id ORDER BY liked_at DESC, movie_id) AS place
  FROM words
  WHERE back = 1 AND action = 'like'
),
people AS (
  SELECT array_agg(movie_id) AS films, count(*) OVER () AS everybody
  FROM tastes
  WHERE place <= :per_user
  GROUP BY user_id
),
-- A film paired with itself tells how many like it.
paired AS (
  SELECT
    one.film AS movie_id, other.film AS other_movie_id, people.everybody, count(*) AS users
  FROM people
  CROSS JOIN UNNEST(people.films) AS one (film)
  CROSS JOIN UNNEST(people.films) AS other (film)
  WHERE one.film <= other.film OR one.film = :movie_id
  GROUP BY one.film, other.film, people.everybody
),
pairs AS (
  SELECT
    movie_id, other_movie_id, everybody, users,
    max(CASE WHEN movie_id = other_movie_id THEN users END) OVER (
      PARTITION BY movie_id
    ) AS likers,
    max(CASE WHEN movie_id = other_movie_id THEN users END) OVER (
      PARTITION BY other_movie_id
    ) AS other_likers
  FROM paired
),
measured AS (
  SELECT
    movie_id, other_movie_id, users, likers, other_likers,
    CAST(users AS double) / everybody AS support,
    CAST(users AS double) * everybody / (likers * other_likers) AS lift
  FROM pairs
  WHERE movie_id <> other_movie_id
    AND users >= :min_users
    AND (:movie_id IS NULL OR movie_id = :movie_id)
),
ranked AS (
  SELECT
    row_number() OVER (ORDER BY users DESC, lift DESC, movie_id, other_movie_id) AS place,
    movie_id, other_movie_id, users, likers, other_likers, support, lift
  FROM measured
)
SELECT
  place,
  ranked.movie_id, movies.title, movies.year,
  other_movie_id, other.title AS other_title, other.year AS other_year,
  users, likers, other_likers, support, lift
FROM ranked
  LEFT JOIN movies ON movies.movie_id = ranked.movie_id
  LEFT JOIN movies AS other ON other.movie_id = ranked.other_movie_id
WHERE place <= :n
ORDER BY place
