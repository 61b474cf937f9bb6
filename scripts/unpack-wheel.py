"""Unpacks one folder of a wheel and keeps the execute bits, which Python's own extraction drops."""

import os
import shutil
import stat
import sys
import zipfile


def main(wheel: str, folder: str, target: str) -> None:
    prefix = folder.rstrip("/") + "/"
    with zipfile.ZipFile(wheel) as archive:
        members = [m for m in archive.infolist() if m.filename.startswith(prefix)]
        if not members:
            raise SystemExit(f"{wheel} has no folder {folder}")
        for member in members:
            path = os.path.join(target, member.filename[len(prefix) :])
            if member.is_dir():
                os.makedirs(path, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                os.symlink(archive.read(member).decode(), path)
                continue
            with archive.open(member) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy)
            os.chmod(path, 0o755 if mode & 0o111 else 0o644)


if __name__ == "__main__":
    main(*sys.argv[1:])
