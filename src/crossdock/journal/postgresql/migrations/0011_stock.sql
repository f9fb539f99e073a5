-- Stock: what warehouses told, what may be promised of it, what is set aside for whom, and what channels were told.
-- Amounts are millionths of an item's base unit; times are milliseconds since 1970.

CREATE TABLE stock_beliefs (
  hub bigint NOT NULL, system text COLLATE "C" NOT NULL, sku text COLLATE "C" NOT NULL,
  site text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL, lot text COLLATE "C",
  expires_on text COLLATE "C", owner text COLLATE "C", place text COLLATE "C", unit text COLLATE "C" NOT NULL,
  gross bigint NOT NULL, net bigint,
  counted bigint NOT NULL, before bigint NOT NULL, good_until_ms bigint, as_of_ms bigint NOT NULL,
  message bigint NOT NULL, partition smallint NOT NULL, position bigint NOT NULL, PRIMARY KEY (hub, system));
CREATE INDEX stock_beliefs_of ON stock_beliefs (sku, site);
CREATE INDEX stock_beliefs_ageing ON stock_beliefs (good_until_ms) WHERE good_until_ms IS NOT NULL AND counted > 0;

-- The sums of the other tables, one row for each item and site: the row that whoever promises stock must get hold of.
CREATE TABLE stock_levels (
  scope bigint NOT NULL, sku text COLLATE "C" NOT NULL, site text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL, supply bigint NOT NULL,
  reserved bigint NOT NULL, as_of_ms bigint NOT NULL, changed bigint NOT NULL, due_ms bigint,
  partition smallint NOT NULL, PRIMARY KEY (scope, sku, site)) WITH (fillfactor = 50);
CREATE INDEX stock_levels_due ON stock_levels (due_ms) WHERE due_ms IS NOT NULL;

CREATE TABLE reservations (
  id bigint PRIMARY KEY, scope bigint NOT NULL, sku text COLLATE "C" NOT NULL, site text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  holder bigint NOT NULL, line text COLLATE "C" NOT NULL, amount bigint NOT NULL, state smallint NOT NULL,
  lot text COLLATE "C",
  made_ms bigint NOT NULL, until_ms bigint, passed_ms bigint, position bigint NOT NULL);
CREATE INDEX reservations_holder ON reservations (holder);
CREATE INDEX reservations_of ON reservations (sku, site, channel) WHERE state IN (1, 2);
CREATE INDEX reservations_until ON reservations (until_ms) WHERE state = 1 AND until_ms IS NOT NULL;

CREATE TABLE promises (
  id bigint PRIMARY KEY, scope bigint NOT NULL, channel text COLLATE "C" NOT NULL, body text COLLATE "C" NOT NULL,
  made_ms bigint NOT NULL,
  until_ms bigint NOT NULL, position bigint NOT NULL);

-- What each channel has, as far as we know: the last figure that we sent (2) or that it told (1), in its own unit.
CREATE TABLE stock_told (
  channel text COLLATE "C" NOT NULL, sku text COLLATE "C" NOT NULL, hub bigint NOT NULL, amount bigint NOT NULL,
  unit text COLLATE "C" NOT NULL,
  how smallint NOT NULL, at_ms bigint NOT NULL, due_ms bigint, partition smallint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (channel, sku));
CREATE INDEX stock_told_due ON stock_told (channel, due_ms) WHERE due_ms IS NOT NULL;
