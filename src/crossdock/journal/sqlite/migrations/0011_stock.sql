-- Stock: what warehouses told, what may be promised of it, what is set aside for whom, and what channels were told.
-- Amounts are millionths of an item's base unit; times are milliseconds since 1970.

CREATE TABLE stock_beliefs (
  hub INTEGER NOT NULL, system TEXT NOT NULL, sku TEXT NOT NULL, site TEXT NOT NULL, status TEXT NOT NULL, lot TEXT,
  expires_on TEXT, owner TEXT, place TEXT, unit TEXT NOT NULL, gross INTEGER NOT NULL, net INTEGER,
  counted INTEGER NOT NULL, before INTEGER NOT NULL, good_until_ms INTEGER, as_of_ms INTEGER NOT NULL,
  message INTEGER NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (hub, system)) WITHOUT ROWID;
CREATE INDEX stock_beliefs_of ON stock_beliefs (sku, site);
CREATE INDEX stock_beliefs_ageing ON stock_beliefs (good_until_ms) WHERE good_until_ms IS NOT NULL AND counted > 0;

-- The sums of the other tables, one row for each item and site: the row that whoever promises stock must get hold of.
CREATE TABLE stock_levels (
  scope INTEGER NOT NULL, sku TEXT NOT NULL, site TEXT NOT NULL, unit TEXT NOT NULL, supply INTEGER NOT NULL,
  reserved INTEGER NOT NULL, as_of_ms INTEGER NOT NULL, changed INTEGER NOT NULL, due_ms INTEGER,
  partition INTEGER NOT NULL, PRIMARY KEY (scope, sku, site)) WITHOUT ROWID;
CREATE INDEX stock_levels_due ON stock_levels (due_ms) WHERE due_ms IS NOT NULL;

CREATE TABLE reservations (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, sku TEXT NOT NULL, site TEXT NOT NULL, channel TEXT NOT NULL,
  holder INTEGER NOT NULL, line TEXT NOT NULL, amount INTEGER NOT NULL, state INTEGER NOT NULL, lot TEXT,
  made_ms INTEGER NOT NULL, until_ms INTEGER, passed_ms INTEGER, position INTEGER NOT NULL);
CREATE INDEX reservations_holder ON reservations (holder);
CREATE INDEX reservations_of ON reservations (sku, site, channel) WHERE state IN (1, 2);
CREATE INDEX reservations_until ON reservations (until_ms) WHERE state = 1 AND until_ms IS NOT NULL;

CREATE TABLE promises (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, channel TEXT NOT NULL, body TEXT NOT NULL, made_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL, position INTEGER NOT NULL);

-- What each channel has, as far as we know: the last figure that we sent (2) or that it told (1), in its own unit.
CREATE TABLE stock_told (
  channel TEXT NOT NULL, sku TEXT NOT NULL, hub INTEGER NOT NULL, amount INTEGER NOT NULL, unit TEXT NOT NULL,
  how INTEGER NOT NULL, at_ms INTEGER NOT NULL, due_ms INTEGER, partition INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (channel, sku)) WITHOUT ROWID;
CREATE INDEX stock_told_due ON stock_told (channel, due_ms) WHERE due_ms IS NOT NULL;
