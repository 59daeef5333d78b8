-- Why payloads could not become likes: how many for each reason, since when, and an example.
--
-- grain: a reason, most frequent first
-- param: first_day date = today-6  first day of arrival, included
-- param: last_day date = today  last day of arrival, included
--
-- A record that was delivered again is told by its place in the stream, or by its record id where
-- no place was told, and counts once. The days beside those asked for are read too, in case a
-- delivery near midnight lies under the day of its neighbour.
WITH copies AS (
  SELECT
    reason, detail, received_at,
    row_number() OVER (
      PARTITION BY coalesce(shard_id || '/' || sequence_number, record_id), line
      ORDER BY received_at, reason, detail
    ) AS copy
  FROM rejected
  WHERE day BETWEEN date_format(date_add('day', -1, :first_day), '%Y-%m-%d')
    AND date_format(date_add('day', 1, :last_day), '%Y-%m-%d')
)
SELECT
  reason,
  count(*) AS rejected,
  min(received_at) AS first_received_at,
  max(received_at) AS last_received_at,
  min(detail) AS example
FROM copies
WHERE copy = 1 AND CAST(received_at AS date) BETWEEN :first_day AND :last_day
GROUP BY reason
ORDER BY rejected DESC, reason
