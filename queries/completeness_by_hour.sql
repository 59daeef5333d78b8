-- Whether likes are missing: each hour beside what is typical of it, and which hours are gaps.
--
-- grain: an hour of the event (UTC), with or without likes
-- param: first_day date = today-7  first day of the hours, included
-- param: last_day date = today-1  last day of the hours, included
-- param: share double = 0.25  an hour is low that has less than this share of what is typical
-- param: typical_least bigint = 20  where less is typical, no hour is low: it may be chance
-- param: gaps_only boolean = false  true for the hours that are gaps alone
--
-- events are likes and unlikes. typical is the median of the same hour of the day over all days
-- asked for, the lower of the middle two where they are even. gap says "empty" of an hour with no
-- events at all, "low" of one with far fewer than typical, and nothing of the others. Hours to come
-- are empty as well: ask for days that are over.
WITH counted AS (
  SELECT CAST(day AS date) AS day, hour(hour) AS hour, sum(likes + unlikes) AS events
  FROM likes_by_hour
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
    AND likes + unlikes > 0
  GROUP BY day, hour(hour)
),
days AS (
  SELECT day
  FROM UNNEST(sequence(:first_day, :last_day)) AS calendar (day)
  WHERE :first_day <= :last_day
),
hours AS (
  SELECT days.day, clock.hour, coalesce(counted.events, 0) AS events
  FROM days
  CROSS JOIN UNNEST(sequence(0, 23)) AS clock (hour)
  LEFT JOIN counted ON counted.day = days.day AND counted.hour = clock.hour
),
placed AS (
  SELECT
    day, hour, events,
    row_number() OVER (PARTITION BY hour ORDER BY events, day) AS place,
    count(*) OVER (PARTITION BY hour) AS days
  FROM hours
),
compared AS (
  SELECT
    date_add('hour', hour, CAST(day AS timestamp)) AS hour,
    events,
    min(CASE WHEN place * 2 >= days THEN events END) OVER (PARTITION BY hour) AS typical
  FROM placed
),
judged AS (
  SELECT
    hour, events, typical,
    CAST(events AS double) / nullif(typical, 0) AS completeness,
    CASE
      WHEN events = 0 THEN 'empty'
      WHEN typical >= :typical_least AND events < :share * typical THEN 'low'
    END AS gap
  FROM compared
)
SELECT hour, events, typical, completeness, gap
FROM judged
WHERE gap IS NOT NULL OR NOT :gaps_only
ORDER BY hour
