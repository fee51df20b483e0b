"""One job of a campaign as a bare script: python bare_job.py JOB.json RESULT.h5. No runner, no store, no limits."""

import json
import sys
from pathlib import Path

from popdyn.ground_truth import run
from popdyn.ground_truth.inside import run_inside
from popdyn.ground_truth.written import read_job
from popdyn.results import save

if __name__ == "__main__":
    job, result = map(Path, sys.argv[1:])
    save(run(read_job(json.loads(job.read_text())), workers=1, perform=run_inside), result)
