-- A row's area is its household's or its volunteer's: taken from the person when it is written, carried along when she
-- moves, whoever moves her. Rows of jiedui_notifications and consents name their person by kind and id.

-- The area of the person a new row is about. Arguments: the column that names another row, and that row's table.
CREATE OR REPLACE FUNCTION area_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE area text;
BEGIN
    EXECUTE format('SELECT region_code FROM %I WHERE id = ($1).%I', TG_ARGV[1], TG_ARGV[0]) INTO area USING NEW;
    NEW.region_code := coalesce(area, NEW.region_code);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION area_of_person('household', 'household');
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON never_again FOR EACH ROW EXECUTE FUNCTION area_of_person('household', 'household');
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON concern FOR EACH ROW EXECUTE FUNCTION area_of_person('household', 'household');
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON follow_up FOR EACH ROW EXECUTE FUNCTION area_of_person('pair', 'pair');
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON visit FOR EACH ROW EXECUTE FUNCTION area_of_person('pair', 'pair');
CREATE OR REPLACE TRIGGER area_of_person BEFORE INSERT ON vetting_check FOR EACH ROW EXECUTE FUNCTION area_of_person('volunteer', 'volunteer');

-- A message lies where the person lives whom it is for, whatever it is about.
CREATE OR REPLACE FUNCTION area_of_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE area text;
BEGIN
    EXECUTE format('SELECT region_code FROM %I WHERE id = $1', NEW.recipient_kind) INTO area USING NEW.recipient_id;
    NEW.region_code := coalesce(area, NEW.region_code);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER area_of_recipient BEFORE INSERT ON notice FOR EACH ROW
    WHEN (NEW.recipient_kind IN ('household', 'volunteer')) EXECUTE FUNCTION area_of_recipient();

-- Who acts, for entries that the database itself writes (store.scope).
CREATE OR REPLACE FUNCTION acting_account() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('jiedui.actor', true), '')::uuid
$$;

-- A move stands in the records of both areas, and only there: neither says where the person lives now or lived before.
CREATE OR REPLACE FUNCTION note_move(kind text, person uuid, before text, after text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO audit_entry (id, at, account_id, role, action, subject_kind, subject_id, region_code, detail)
    SELECT gen_random_uuid(), now_here(), acting_account(), coalesce(nullif(current_setting('jiedui.role', true), ''), 'system'),
        kind || '.' || deed, kind, person::text, area, '{}'
    FROM (VALUES ('moved_away', before), ('moved_here', after)) AS sides (deed, area)
$$;

-- The smallest region in which both lie. jiedui.actor.above_both says the same.
CREATE OR REPLACE FUNCTION above_both(one text, other text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT rpad(left(one, digits), 12, '0') FROM unnest(ARRAY[0, 2, 4, 6, 9, 12]) AS digits
    WHERE left(one, digits) = left(other, digits) ORDER BY digits DESC LIMIT 1
$$;

-- What hangs on a person who moves goes along: the one place that says what that is.
CREATE OR REPLACE FUNCTION person_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.region_code <> o.region_code) THEN
        RETURN NULL;
    END IF;
    CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
        SELECT n.id, o.region_code AS before, n.region_code AS after
        FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.region_code <> o.region_code;
    IF TG_TABLE_NAME = 'household' THEN
        UPDATE pair t SET region_code = m.after FROM moved m WHERE t.household = m.id;
        UPDATE follow_up t SET region_code = m.after FROM moved m JOIN pair p ON p.household = m.id WHERE t.pair = p.id;
        UPDATE visit t SET region_code = m.after FROM moved m JOIN pair p ON p.household = m.id WHERE t.pair = p.id;
        UPDATE concern t SET region_code = m.after FROM moved m WHERE t.household = m.id;
        UPDATE never_again t SET region_code = m.after FROM moved m WHERE t.household = m.id;
        UPDATE consent t SET region_code = m.after FROM moved m JOIN pair p ON p.household = m.id
            WHERE t.subject_kind = 'pair' AND t.subject_id = p.id;
    ELSE
        UPDATE account t SET region_code = m.after FROM moved m WHERE t.volunteer_id = m.id;
        UPDATE vetting_check t SET region_code = m.after FROM moved m WHERE t.volunteer = m.id;
    END IF;
    UPDATE notice t SET region_code = m.after FROM moved m WHERE t.recipient_kind = TG_TABLE_NAME AND t.recipient_id = m.id;
    UPDATE consent t SET region_code = m.after FROM moved m WHERE t.subject_kind = TG_TABLE_NAME AND t.subject_id = m.id;
    UPDATE claim t SET region_code = above_both(i.region_code, m.after) FROM moved m, ledger_import i
        WHERE t.subject_kind = TG_TABLE_NAME AND t.subject_id = m.id AND t.state = 'open' AND i.id = t.ledger_import;
    -- What a county has shown of her it shows no longer once she lives in another one.
    UPDATE case_grant t SET ended_at = now_here() FROM moved m
        WHERE t.ended_at IS NULL AND left(t.region_code, 6) <> left(m.after, 6)
        AND (t.subject_id = m.id OR t.subject_id IN (SELECT id FROM pair WHERE household = m.id));
    PERFORM note_move(TG_TABLE_NAME, id, before, after) FROM moved;
    DROP TABLE moved;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER household_moves AFTER UPDATE ON household
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_moves();
CREATE OR REPLACE TRIGGER volunteer_moves AFTER UPDATE ON volunteer
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_moves();
