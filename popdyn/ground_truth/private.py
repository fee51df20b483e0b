"""Where worker processes live: a fresh private directory with popdyn's own Brian2 preferences, and a bare environment.

Importing brian2 evaluates `brian_preferences` of the current directory and `~/.brian/user_preferences`; a worker's
current directory and home hold popdyn's alone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from popdyn.errors import ResourceError

PREFERENCES = """\
logging.file_log = False
logging.save_script = False
logging.std_redirection = False
logging.delete_log_on_exit = True
codegen.target = 'numpy'
"""

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "CC", "CXX", "VIRTUAL_ENV")
_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def prepare(directory: Path) -> None:
    """Make a worker's directory, for its owner alone, with the preferences."""
    directory.mkdir(mode=0o700)
    (directory / "brian_preferences").write_text(PREFERENCES)


def environment(directory: Path) -> dict[str, str]:
    """What a worker sees: the search path of programs and of popdyn, one thread, `directory` as home."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    source = str(Path(__file__).resolve().parents[2])
    paths = [source, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path))]
    return {
        **kept,
        **dict.fromkeys(_SINGLE, "1"),
        "HOME": str(directory),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1" if sys.flags.dont_write_bytecode else "",
        "PYTHONHASHSEED": "0",
    }


def cache_directory(name: str) -> Path:
    """popdyn's own cache of the user, `$XDG_CACHE_HOME/popdyn/<name>`: 0700 and the user's own, or ResourceError."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".cache"
    root = base / "popdyn"
    try:
        for directory in (root, root / name):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = directory.lstat()
            if status.st_uid != os.getuid() or status.st_mode & 0o022 or directory.is_symlink():
                raise ResourceError(f"{directory}: others can write to it; make it yours alone (chmod 700)")
    except OSError as error:
        raise ResourceError(f"{root}: no cache can be kept here ({error}); set XDG_CACHE_HOME") from error
    return root / name
