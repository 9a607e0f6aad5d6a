"""Responses as they are kept: `writing` changes them, `finding` looks for single ones, `lists` for many.

Use it as one noun: `entries.insert(c, …)`, `entries.get(c, id)`, `entries.query(c, MentionQuery(…))`."""

from mentions.storage.entries.finding import (
    all_by_source,
    by_source,
    deleted_by,
    due_for_recheck,
    find_answers,
    find_by_any_url,
    get,
    known_by_source,
    many,
    mf2,
    outdated,
    revisions,
    shown_by_author,
    shown_from_authority,
)
from mentions.storage.entries.lists import (
    MentionQuery,
    Target,
    count,
    count_by_page,
    count_of,
    deleted,
    of_site,
    query,
    thread,
)
from mentions.storage.entries.versions import Version, version
from mentions.storage.entries.writing import KEEP, Keep, Revision, insert, set_state, update, withdraw

__all__ = [
    "KEEP",
    "Keep",
    "MentionQuery",
    "Revision",
    "Target",
    "Version",
    "all_by_source",
    "by_source",
    "count",
    "count_by_page",
    "count_of",
    "deleted",
    "deleted_by",
    "due_for_recheck",
    "find_answers",
    "find_by_any_url",
    "get",
    "insert",
    "known_by_source",
    "many",
    "mf2",
    "of_site",
    "outdated",
    "query",
    "revisions",
    "set_state",
    "shown_by_author",
    "shown_from_authority",
    "thread",
    "update",
    "version",
    "withdraw",
]
