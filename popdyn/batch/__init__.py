"""Many jobs: units of work, worker processes, engines, retries. Knows keys, JSON and processes, no physics."""
