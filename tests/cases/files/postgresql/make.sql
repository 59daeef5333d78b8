SET TIME ZONE 'Europe/Berlin';
CREATE TEMP TABLE likes AS SELECT * FROM (VALUES
 ('318','u1',TIMESTAMPTZ '2024-01-05 10:00:00.123+00', E'a "quoted", a back\\slash,\nand a break'),
 ('296',NULL,TIMESTAMPTZ '2024-07-05 10:01:00+00', E'a\ttab'),
 ('356','u3',TIMESTAMPTZ '2024-01-06 10:02:00.5+00', NULL)) AS t(movie_id,user_id,liked_at,comment);
\copy likes TO 'copy.csv' WITH (FORMAT csv, HEADER)
\copy likes TO 'copy.txt'
\copy (SELECT movie_id, user_id, liked_at::timestamp AS liked_at FROM likes) TO 'naive.csv' WITH (FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE *)
\copy (SELECT row_to_json(t) FROM (SELECT movie_id, user_id, liked_at FROM likes) t) TO 'rows.jsonl'
\copy (SELECT json_agg(t) FROM (SELECT movie_id, user_id, liked_at FROM likes) t) TO 'agg.json' WITH (FORMAT csv, QUOTE E'\x01')

