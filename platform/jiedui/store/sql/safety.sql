-- Who may meet whom: the database's home of the rules that jiedui_pairing.safety has in Python, and the walls that ask them.
-- Installed anew at every migration (jiedui.store.schema).

-- The clock by which people act: the machine's, which the demonstration holds back (store.piccolo_conf).
CREATE OR REPLACE FUNCTION now_here() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT now() + make_interval(secs => coalesce(nullif(current_setting('jiedui.clock_shift', true), ''), '0')::double precision)
$$;

-- The calendar day here; whoever acts may have set it with the clock she was given (store.scope).
CREATE OR REPLACE FUNCTION today_here() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('jiedui.today', true), '')::date, (now_here() AT TIME ZONE 'Asia/Shanghai')::date)
$$;

-- Until when somebody of these births is under age: the first of the month on or after the youngest's eighteenth
-- birthday; minus infinity for nobody, null ("a minor") as soon as one birth is not known.
CREATE OR REPLACE FUNCTION minor_until(births date[]) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN bool_or(born IS NULL) THEN NULL
        ELSE coalesce(max(date_trunc('month', born + interval '18 years' + interval '1 month' - interval '1 day')::date),
            '-infinity') END
    FROM unnest(births) AS born
$$;

CREATE OR REPLACE FUNCTION minor_on(minor_until date, on_day date) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT minor_until IS NULL OR on_day < minor_until
$$;

-- Children as the ledger knows them, and the head herself; an elder of unknown birth is no child.
CREATE OR REPLACE FUNCTION births_in(household_id uuid, head date) RETURNS date[] LANGUAGE sql STABLE AS $$
    SELECT array_append(array_agg(born_on) FILTER (WHERE relation <> 'elder' OR born_on IS NOT NULL), head)
    FROM member WHERE household = household_id
$$;

-- Who may meet a minor on a day: identified, trained, and a record check dated within the policy's days, not ahead.
CREATE OR REPLACE FUNCTION cleared_on(v volunteer, on_day date, check_days integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(v.identified AND v.trained AND v.record_checked_on BETWEEN on_day - check_days AND on_day, false)
$$;

-- The body of a policy in force on a day: its newest version by then.
CREATE OR REPLACE FUNCTION policy_in_force(policy text, on_day date) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT body FROM policy_pack WHERE name = policy
    ORDER BY (created_at AT TIME ZONE 'Asia/Shanghai')::date <= on_day DESC,
        CASE WHEN (created_at AT TIME ZONE 'Asia/Shanghai')::date <= on_day THEN -version ELSE version END
    LIMIT 1
$$;

-- The last day on which a volunteer's record check counts under the policy in force.
CREATE OR REPLACE FUNCTION cleared_until(v volunteer, policy text, on_day date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT v.record_checked_on + (policy_in_force(policy, on_day) #>> '{eligibility,record_check_days}')::integer
$$;

-- Whether somebody is approved; who is suspended is not under another number either, of the same name and telephone.
CREATE OR REPLACE FUNCTION approved(v volunteer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT v.state = 'active' AND NOT EXISTS (SELECT FROM volunteer o
        WHERE o.phone_key = v.phone_key AND o.name = v.name
        AND (o.state = 'suspended' OR o.state = 'left' AND o.barred_from <> ''))
$$;

-- The rules that speak against these two meeting on a day; none means that they may.
CREATE OR REPLACE FUNCTION may_not_meet(v volunteer, h household, on_day date, policy text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN NOT approved(v) THEN 'vetted' END,
        CASE WHEN minor_on(h.minor_until, on_day) AND NOT coalesce(cleared_on(v, on_day,
            (policy_in_force(policy, on_day) #>> '{eligibility,record_check_days}')::integer), false) THEN 'minors' END,
        CASE WHEN EXISTS (SELECT FROM never_again n WHERE n.household = h.id AND n.volunteer = v.id) THEN 'never_again' END,
        CASE WHEN v.ledger_key = h.ledger_key OR v.phone_key = h.phone_key THEN 'same_person' END
    ], NULL)
$$;

-- Running pairs of these people, or of all, that may no longer meet: paused at once, and noted. Says how many.
CREATE OR REPLACE FUNCTION pause_unsafe(on_day date, of_volunteers uuid[] DEFAULT NULL, of_households uuid[] DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE paused integer;
BEGIN
    WITH unsafe AS (
        SELECT p.id, may_not_meet(v, h, on_day, p.policy_name) AS against
        FROM pair p JOIN volunteer v ON v.id = p.volunteer JOIN household h ON h.id = p.household
        WHERE p.state = 'active' AND (of_volunteers IS NULL OR p.volunteer = ANY (of_volunteers))
            AND (of_households IS NULL OR p.household = ANY (of_households))
    ), resting AS (
        UPDATE pair SET state = 'paused', paused_at = now_here(), pause_reason = 'safety'
        FROM unsafe WHERE pair.id = unsafe.id AND pair.state = 'active' AND unsafe.against <> '{}'
        RETURNING pair.id, pair.household, unsafe.against
    )
    INSERT INTO audit_entry (id, at, role, action, subject_kind, subject_id, region_code, detail)
    SELECT gen_random_uuid(), now_here(), 'system', 'pair.pause', 'pair', r.id::text, h.region_code,
        jsonb_build_object('reason', 'safety', 'against', r.against)
    FROM resting r JOIN household h ON h.id = r.household;
    GET DIAGNOSTICS paused = ROW_COUNT;
    RETURN paused;
END $$;

-- A household's births decide how long a minor lives there, whoever writes them.
CREATE OR REPLACE FUNCTION household_knows_its_minors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.minor_until := minor_until(births_in(NEW.id, NEW.born_on));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER household_knows_its_minors BEFORE INSERT OR UPDATE OF born_on, minor_until ON household
    FOR EACH ROW EXECUTE FUNCTION household_knows_its_minors();

CREATE OR REPLACE FUNCTION member_changes_minors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        UPDATE household SET minor_until = NULL WHERE id IN (SELECT household FROM new_rows);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE household SET minor_until = NULL WHERE id IN (SELECT household FROM old_rows);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER member_came AFTER INSERT ON member
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION member_changes_minors();
CREATE OR REPLACE TRIGGER member_changed AFTER UPDATE ON member
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION member_changes_minors();
CREATE OR REPLACE TRIGGER member_went AFTER DELETE ON member
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION member_changes_minors();

-- Whatever safety reads changes: the pairs that live are looked at in the same transaction.
CREATE OR REPLACE FUNCTION volunteer_change_looks_at_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pause_unsafe(today_here(), ids) FROM (
        WITH changed AS (
            SELECT n.id, n.name, n.phone_key FROM new_rows n JOIN old_rows o ON o.id = n.id
            WHERE (n.name, n.state, n.identified, n.trained, n.record_checked_on, n.ledger_key, n.phone_key)
                IS DISTINCT FROM (o.name, o.state, o.identified, o.trained, o.record_checked_on, o.ledger_key, o.phone_key)
        )
        SELECT array_agg(id) AS ids FROM (SELECT id FROM changed UNION
            SELECT v.id FROM volunteer v JOIN changed c ON c.phone_key = v.phone_key AND c.name = v.name) AS them
    ) AS changed WHERE ids IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER volunteer_change_looks_at_pairs AFTER UPDATE ON volunteer
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION volunteer_change_looks_at_pairs();

CREATE OR REPLACE FUNCTION household_change_looks_at_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pause_unsafe(today_here(), NULL, ids) FROM (
        SELECT array_agg(n.id) AS ids FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (n.minor_until, n.ledger_key, n.phone_key) IS DISTINCT FROM (o.minor_until, o.ledger_key, o.phone_key)
    ) AS changed WHERE ids IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER household_change_looks_at_pairs AFTER UPDATE ON household
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION household_change_looks_at_pairs();

CREATE OR REPLACE FUNCTION never_again_looks_at_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pause_unsafe(today_here(), NULL, ids) FROM (SELECT array_agg(household) AS ids FROM new_rows) AS changed
        WHERE ids IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER never_again_looks_at_pairs AFTER INSERT ON never_again
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION never_again_looks_at_pairs();

-- No pair begins, or goes on, between two who may not meet, whoever writes the row.
CREATE OR REPLACE FUNCTION pair_may_meet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE against text[];
BEGIN
    IF NEW.state <> 'active' THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'active' AND (OLD.volunteer, OLD.household) = (NEW.volunteer, NEW.household) THEN
        RETURN NEW;
    END IF;
    SELECT may_not_meet(v, h, today_here(), NEW.policy_name) INTO against
        FROM volunteer v, household h WHERE v.id = NEW.volunteer AND h.id = NEW.household FOR SHARE;
    IF against <> '{}' THEN
        RAISE EXCEPTION 'these two may not meet: %', against USING ERRCODE = 'check_violation', CONSTRAINT = 'pair_may_meet';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER pair_may_meet BEFORE INSERT OR UPDATE ON pair FOR EACH ROW EXECUTE FUNCTION pair_may_meet();
