"""The journal: every run of this user on disk, so that none is lost with its kernel.

`journal` is the whole, `keeper` writes one run, `reading` and `sweeping` read and remove; `home`
says where the file lives, `database` opens it, `schema` has its tables, `packing` makes rows of
values, `lease` lets one kernel write a run at a time, `spools` takes over older runs.
"""

from nbagent.journal.journal import Journal
from nbagent.journal.keeper import Keeper
from nbagent.journal.reading import RunLine, StoredRun
from nbagent.journal.sweeping import Swept

__all__ = ["Journal", "Keeper", "RunLine", "StoredRun", "Swept"]
