-- What many questions ask alike, said once. Dropped before a migration and made anew after it (jiedui.store.schema).

-- How urgent a colour is comes from the policy in force: severity() is made beside this file (jiedui.store.schema).

-- A name as everybody may read it: 张*, 欧阳*. jiedui.store.masked says the same.
CREATE OR REPLACE FUNCTION masked_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN name = '' THEN '—' ELSE left(name, CASE WHEN left(name, 2) = ANY (ARRAY[
        '欧阳', '司马', '上官', '诸葛', '东方', '皇甫', '尉迟', '公孙', '慕容', '令狐', '司徒', '夏侯', '宇文', '长孙', '端木',
        '南宫', '独孤', '轩辕']) THEN 2 ELSE 1 END) || '*' END
$$;

-- An illness, a remark: only that there is one.
CREATE OR REPLACE FUNCTION hidden(words text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN words = '' THEN '—' WHEN words <> '' THEN '***' END
$$;

-- The digits of an area code that say something: 500230000000 → 500230. jiedui.actor says the same.
CREATE OR REPLACE FUNCTION significant(code text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(code, CASE WHEN code LIKE '000000000000' THEN 0 WHEN code LIKE '%0000000000' THEN 2 WHEN code LIKE '%00000000' THEN 4
        WHEN code LIKE '%000000' THEN 6 WHEN code LIKE '%000' THEN 9 ELSE 12 END)
$$;

-- Whether a region is another one or lies in it. jiedui.actor.within says the same.
CREATE OR REPLACE FUNCTION lies_in(code text, area text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT starts_with(code, significant(area))
$$;

-- A region by its own name and its township's.
CREATE VIEW place AS
SELECT v.code, v.short_name AS village, t.short_name AS township, t.code AS township_code
FROM region v LEFT JOIN region t ON t.code = left(v.code, 9) || '000';

-- A pair that holds one of its volunteer's places.
CREATE VIEW live_pair AS SELECT * FROM pair WHERE state IN ('proposed', 'accepted', 'active', 'paused');

-- One to which both sides have said yes, whether it rests or not.
CREATE VIEW agreed_pair AS SELECT * FROM live_pair WHERE state IN ('active', 'paused');

-- How many households each volunteer holds; who holds none is not there.
CREATE VIEW held AS SELECT volunteer, count(DISTINCT household) AS households FROM live_pair GROUP BY volunteer;

-- A family as staff tell it from others: by number and village, for the name is masked.
CREATE VIEW family_card AS
SELECT h.id, h.number, masked_name(h.name) AS name, h.colour, h.active, h.contact_way, h.region_code,
    p.village, p.township, p.township_code
FROM household h JOIN place p ON p.code = h.region_code;

-- A volunteer as staff tell her from others: likewise.
CREATE VIEW helper_card AS
SELECT v.id, v.number, masked_name(v.name) AS name, v.kind, v.capacity, v.region_code,
    p.village, p.township, p.township_code
FROM volunteer v JOIN place p ON p.code = v.region_code;

-- A family or a helper as the area of a round knows them: who has moved out of it lives nowhere that it is told of.
-- OFFSET 0 keeps them look-ups by key, or the planner may make them every round times every family.
CREATE FUNCTION round_family("round" uuid, household uuid)
RETURNS TABLE (id uuid, number text, name text, colour text, region_code text, village text, township text, township_code text)
LANGUAGE sql STABLE AS $$
    SELECT h.id, h.number, masked_name(h.name), h.colour, p.code, p.village, p.township, p.township_code
    FROM "round" r CROSS JOIN household h LEFT JOIN place p ON p.code = h.region_code AND lies_in(p.code, r.region_code)
    WHERE r.id = $1 AND h.id = $2 OFFSET 0
$$;

CREATE FUNCTION round_helper("round" uuid, volunteer uuid)
RETURNS TABLE (id uuid, number text, name text, capacity integer, region_code text, village text, township text, township_code text)
LANGUAGE sql STABLE AS $$
    SELECT v.id, v.number, masked_name(v.name), v.capacity, p.code, p.village, p.township, p.township_code
    FROM "round" r CROSS JOIN volunteer v LEFT JOIN place p ON p.code = v.region_code AND lies_in(p.code, r.region_code)
    WHERE r.id = $1 AND v.id = $2 OFFSET 0
$$;
