"""Where nbagent keeps things: one private directory under Jupyter's data directory."""

from __future__ import annotations

from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


def data_dir() -> Path:
    """The directory for runs, keys and the lesson server's address; made 0700 at first use."""
    path = Path(jupyter_data_dir()) / "nbagent"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "coda", "davfs"}
    | {"lustre", "gpfs", "beegfs", "pvfs2", "orangefs", "gfs2", "ocfs2"}
)


def is_network(kind: str) -> bool:
    """Whether locks can fail on a file system of this type, named as `file_system_of` does."""
    return kind in NETWORK_FILE_SYSTEMS or kind.startswith("fuse.")


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of the file system that holds `path`, '' where the system does not tell.

    Args:
        path: an absolute path.
        mounts: the table of mounts, as Linux gives it.
    """
    if not mounts.exists():
        return ""
    real = path.resolve()
    best, kind = Path("/"), ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(" ")
        point = Path(fields[1].replace("\\040", " "))
        if real.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, fields[2]
    return kind
