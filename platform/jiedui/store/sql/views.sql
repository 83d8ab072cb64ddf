-- What many questions ask alike, said once. Dropped before a migration and made anew after it (jiedui.store.schema).

-- The most urgent colour first.
CREATE OR REPLACE FUNCTION severity(colour text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT array_position(ARRAY['red', 'yellow', 'green'], colour)
$$;

-- A region by its own name and its township's.
CREATE VIEW place AS
SELECT v.code, v.short_name AS village, t.short_name AS township, t.code AS township_code
FROM region v LEFT JOIN region t ON t.code = left(v.code, 9) || '000';

-- A pair that holds one of its volunteer's places.
CREATE VIEW live_pair AS SELECT * FROM pair WHERE state IN ('proposed', 'accepted', 'active', 'paused');

-- How many households each volunteer holds; who holds none is not there.
CREATE VIEW held AS SELECT volunteer, count(DISTINCT household) AS households FROM live_pair GROUP BY volunteer;

-- A family as staff tell it from others.
CREATE VIEW family_card AS
SELECT h.id, h.name, h.colour, h.active, h.contact_way, h.region_code, p.village, p.township, p.township_code
FROM household h JOIN place p ON p.code = h.region_code;

-- A volunteer as staff tell her from others.
CREATE VIEW helper_card AS
SELECT v.id, v.number, v.name, v.kind, v.capacity, v.region_code, p.village, p.township, p.township_code
FROM volunteer v JOIN place p ON p.code = v.region_code;
