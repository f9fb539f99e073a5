-- What several hosts need to share a site.

-- Whether a process works on partitions; a command that only writes something does not.
ALTER TABLE owners ADD COLUMN works boolean NOT NULL DEFAULT false;

-- Work of the partitions that one process holds.
CREATE INDEX messages_of_partition ON messages (partition, id) WHERE state = 1;
CREATE INDEX transmissions_of_partition ON transmissions (target, partition, id) WHERE state IN (1, 2, 3, 4, 5, 8);

-- How much of a system's limits each process may use; the sum never exceeds the limit.
CREATE TABLE budgets (
  system text COLLATE "C" NOT NULL, owner bigint NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  places integer NOT NULL, rate_per_s double precision NOT NULL, wants boolean NOT NULL, PRIMARY KEY (system, owner))
  WITH (fillfactor = 50);
