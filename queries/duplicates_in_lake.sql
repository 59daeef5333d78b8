-- Which event ids stand in the lake more than once, or not in their day: no rows when all is well.
--
-- grain: an event id that is at fault
-- param: first_day date = today-6  first day of the events, included
-- param: last_day date = today  last day of the events, included
--
-- hours counts the hours it stands in: a producer that sent it again with another time, more than a
-- week later, can have put it into two. misplaced counts its rows that stand under another day than
-- the one on which they happened. Seen are the rows that stand under the days asked for.
SELECT
  event_id,
  count(*) AS copies,
  count(DISTINCT date_trunc('hour', liked_at)) AS hours,
  count(*) FILTER (WHERE day <> date_format(liked_at, '%Y-%m-%d')) AS misplaced,
  min(liked_at) AS first_liked_at,
  max(liked_at) AS last_liked_at
FROM likes
WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
GROUP BY event_id
HAVING count(*) > 1
  OR count(*) FILTER (WHERE day <> date_format(liked_at, '%Y-%m-%d')) > 0
ORDER BY event_id
