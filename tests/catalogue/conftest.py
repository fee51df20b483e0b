"""The catalogues' own makers are the readers of their entries."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _load(name: str, path: Path) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_load("reference_measures", ROOT / "reference_sims" / "measures.py")
_load("reference_truths", ROOT / "reference_sims" / "truths.py")
_load("make_reference", ROOT / "reference_sims" / "make.py")
_load("make_fit", ROOT / "fits" / "make.py")
_load("network_fits", ROOT / "fits" / "networks.py")
