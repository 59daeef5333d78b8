-- What audits found: all of the last one, and of those before it what differed and what was mended.
--
-- grain: an item of an audit, the last audit first
-- param: first_day date = today-1  first day on which it was asked, included
-- param: last_day date = today  last day on which it was asked, included
--
-- audits is how many there were in all. is_last tells the items of the last one.
WITH found AS (
  SELECT
    at, item, number, differs, detail,
    max(at) OVER () AS last_at,
    sum(CASE WHEN item = 'counted' THEN 1 ELSE 0 END) OVER () AS audits
  FROM audit
  WHERE day BETWEEN date_format(:first_day, '%Y-%m-%d') AND date_format(:last_day, '%Y-%m-%d')
)
SELECT at, item, number, differs, detail, at = last_at AS is_last, audits
FROM found
WHERE at = last_at OR differs > 0 OR item = 'mended'
ORDER BY at DESC, item
