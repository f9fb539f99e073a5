-- Goods on their way in: what each purchase order or advice still announces of an item, and by when. Nothing is left
-- of what came; amounts are millionths of the item's base unit, times are milliseconds since 1970.
CREATE TABLE stock_coming (
  hub INTEGER NOT NULL, sku TEXT NOT NULL, site TEXT NOT NULL, root INTEGER NOT NULL, number TEXT NOT NULL, unit TEXT NOT NULL,
  amount INTEGER NOT NULL, at_ms INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (hub, sku, site)) WITHOUT ROWID;
CREATE INDEX stock_coming_of ON stock_coming (sku, at_ms) WHERE amount > 0;
CREATE INDEX stock_coming_root ON stock_coming (root);
