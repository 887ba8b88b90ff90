"""A process that empties an inbox until it is killed: FOLDER DATA_DIR."""

import sys
from pathlib import Path

from kernel.capture.inbox import Inbox
from kernel.capture.inboxfate import InboxRules
from kernel.capture.sink import StoreSink
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore


def main() -> None:
    folder, data_dir = Path(sys.argv[1]), DataDir(Path(sys.argv[2]))
    rules = InboxRules(settle_s=0, files_per_poll_max=8)
    with EvidenceStore.open(data_dir) as store:
        inbox = Inbox(folder, data_dir.quarantine_dir, rules=rules)
        sink = StoreSink(store)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while inbox.poll(sink).happenings:
            pass


if __name__ == "__main__":
    main()
