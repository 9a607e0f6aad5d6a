"""Where each response of a page stands, kept so that a page of its thread is read without reading the thread.

Whoever writes entries only leaves a mark (`storage/marks.py`); before a thread is read, what is marked is put in its
place (`settling`), which costs as much as has changed, and not as much as is there.  Where a change may move others (an
entry that somebody answers, a copy), and on a page that was never laid out, all of the page is laid out anew
(`whole`).  `upkeep` says when that is done for readers, `reading` gives the pages of a thread.  The rules are
`mentions/threads.py`; decision 0150."""

from mentions.storage.layout.reading import Window, copies, counts, faces, lead_in, place_of, window
from mentions.storage.layout.settling import bring_long_ones_up_to_date, bring_up_to_date, settle
from mentions.storage.layout.upkeep import Upkeep

__all__ = [
    "Upkeep",
    "Window",
    "bring_long_ones_up_to_date",
    "bring_up_to_date",
    "copies",
    "counts",
    "faces",
    "lead_in",
    "place_of",
    "settle",
    "window",
]
