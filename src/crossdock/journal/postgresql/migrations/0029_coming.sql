-- Goods on their way in: what each purchase order or advice still announces of an item, and by when. Nothing is left
-- of what came; amounts are millionths of the item's base unit, times are milliseconds since 1970.
CREATE TABLE stock_coming (
  hub bigint NOT NULL, sku text COLLATE "C" NOT NULL, site text COLLATE "C" NOT NULL, root bigint NOT NULL, number text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL,
  amount bigint NOT NULL, at_ms bigint NOT NULL, position bigint NOT NULL, PRIMARY KEY (hub, sku, site));
CREATE INDEX stock_coming_of ON stock_coming (sku, at_ms) WHERE amount > 0;
CREATE INDEX stock_coming_root ON stock_coming (root);
