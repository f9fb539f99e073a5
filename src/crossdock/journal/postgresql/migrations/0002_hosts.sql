-- What several hosts need to share a site.

-- Whether a process works on partitions; a command that only writes something does not.
ALTER TABLE owners ADD COLUMN works boolean NOT NULL DEFAULT false;

-- What a process brings into memory, in the order of making: its own are found among those of the others.
CREATE INDEX transmissions_running ON transmissions (target, id) WHERE state IN (1, 4, 5);

-- How much of a system's limits each process may use; the sum never exceeds the limit.
CREATE TABLE budgets (
  system text COLLATE "C" NOT NULL, owner bigint NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  places integer NOT NULL, rate_per_s double precision NOT NULL, wants boolean NOT NULL, PRIMARY KEY (system, owner))
  WITH (fillfactor = 50);
